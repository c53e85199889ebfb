//! Messages made from templates: phrases of many languages, codes of all shapes, traps around them, in text, HTML or both.

use super::corpus::{Label, Labelled};

/// Numbers that look random and are the same for a seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    pub fn digits(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// Capitals and digits, at least one of each.
    fn mixed(&mut self, n: usize) -> String {
        const OF: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let mut text: Vec<u8> = (0..n).map(|_| OF[self.below(OF.len())]).collect();
        (text[0], text[1]) = (b'K', b'7');
        String::from_utf8(text).unwrap()
    }
}

/// Sentences with `{}` for the code.
const SAYS: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "Your verification code is {}.",
            "{} is your login code",
            "Use {} as your one-time passcode.",
            "Security code: {}",
        ],
    ),
    ("de", &["Ihr Bestätigungscode lautet {}.", "{} ist Ihr Anmeldecode", "Einmalcode: {}"]),
    ("fr", &["Votre code de vérification est {}.", "{} est votre code de connexion"]),
    ("es", &["Tu código de verificación es {}.", "{} es tu código de acceso"]),
    ("pt", &["Seu código de verificação é {}.", "Código de acesso: {}"]),
    ("it", &["Il tuo codice di verifica è {}.", "Codice di sicurezza: {}"]),
    ("nl", &["Je verificatiecode is {}.", "Inlogcode: {}"]),
    ("sv", &["Din verifieringskod är {}.", "Engångskod: {}"]),
    ("fi", &["Vahvistuskoodisi on {}.", "Kertakäyttökoodi: {}"]),
    ("pl", &["Twój kod weryfikacyjny to {}.", "Kod logowania: {}"]),
    ("cs", &["Váš ověřovací kód je {}.", "Jednorázový kód: {}"]),
    ("hu", &["Az ellenőrző kódja: {}.", "Biztonsági kód: {}"]),
    ("tr", &["Doğrulama kodunuz: {}.", "Onay kodu: {}"]),
    ("ru", &["Ваш код подтверждения: {}.", "{} - ваш код для входа"]),
    ("uk", &["Ваш код підтвердження: {}.", "Одноразовий код: {}"]),
    ("el", &["Ο κωδικός επαλήθευσης είναι {}."]),
    ("zh", &["您的验证码是{}，请勿泄露。", "【星云】{}（登录验证码），5分钟内有效。"]),
    ("ja", &["認証コード：{}", "確認コードは{}です。"]),
    ("ko", &["인증번호는 {}입니다.", "[아크미] 인증번호 [{}]를 입력하세요."]),
    ("ar", &["رمز التحقق الخاص بك هو {}.", "رمز الدخول: {}"]),
    ("fa", &["کد تایید شما: {}"]),
    ("he", &["קוד האימות שלך הוא {}."]),
    ("hi", &["आपका सत्यापन कोड {} है।"]),
    ("th", &["รหัสยืนยันของคุณคือ {}", "รหัส OTP: {}"]),
    ("vi", &["Mã xác minh của bạn là {}."]),
    ("id", &["Kode verifikasi Anda: {}."]),
];

/// Numbers that are no code; `#` is a digit.
const NOISE: &[&str] = &[
    "Order #######",
    "Invoice no. 2024####",
    "Total: $#,###.##",
    "Call 1-800-555-01##",
    "Date: 2024-03-1#",
    "IP 203.0.113.2#",
    "12:4# UTC",
    "Acme Inc., 4### Main St, San Francisco, CA 94103",
    "© 2024 Acme",
    "Ticket ######",
    "Tracking number 1Z999AA1######",
    "Card ending in ####",
    "Rechnung ########",
    "Pedido ########",
    "订单号########",
    "Заказ № ########",
    "注文番号：########",
    "Copyright 2019-2024",
    "VAT DE 81# #29 412",
    "Customer number ######",
    "#### USD",
    "See issue #####",
    "Version 10.2.####",
];

const DEVANAGARI_ZERO: u32 = 0x0966;

fn noise(dice: &mut Dice) -> String {
    let text = dice.one(NOISE);
    text.chars().map(|c| if c == '#' { char::from(b'1' + dice.below(9) as u8) } else { c }).collect()
}

/// A code as it is typed and as it is set.
fn code(dice: &mut Dice) -> (String, String) {
    let digits = dice.one(&["4", "5", "6", "6", "6", "6", "7", "8"]).parse().unwrap();
    let mut plain = dice.digits(digits);
    if plain.starts_with("19") || plain.starts_with("20") {
        plain.replace_range(0..1, "7");
    }
    match dice.below(10) {
        0 if plain.len() == 6 => (plain.clone(), format!("{} {}", &plain[..3], &plain[3..])),
        1 if plain.len() == 6 => (plain.clone(), format!("{}-{}", &plain[..3], &plain[3..])),
        2 => (plain.clone(), plain.chars().map(|c| char::from_u32(0xFF10 + (c as u32 - 48)).unwrap()).collect()),
        3 => {
            (plain.clone(), plain.chars().map(|c| char::from_u32(DEVANAGARI_ZERO + (c as u32 - 48)).unwrap()).collect())
        }
        4 => {
            let mixed = dice.mixed(6);
            (mixed.clone(), mixed)
        }
        5 => {
            let dashed = format!("{}-{}", dice.mixed(4), dice.mixed(4));
            (dashed.clone(), dashed)
        }
        _ => (plain.clone(), plain),
    }
}

/// `count` messages of a seed.
pub fn messages(seed: u64, count: usize) -> Vec<Labelled> {
    let mut dice = Dice(seed);
    (0..count).map(|nth| message(&mut dice, seed, nth)).collect()
}

fn message(dice: &mut Dice, seed: u64, nth: usize) -> Labelled {
    let (language, says) = SAYS[dice.below(SAYS.len())];
    let mut made = Labelled {
        place: format!("seed {seed} message {nth}"),
        language: language.to_owned(),
        from: "Acme <no-reply@acme.test>".to_owned(),
        to: vec!["agent@in.example".to_owned()],
        own: Some("agent@in.example".to_owned()),
        subject: dice.one(&["Acme", "Hello", "Your account", "Re: your account"]).to_owned(),
        ..Labelled::default()
    };
    let (value, shown) = code(dice);
    let mut rows: Vec<String> = vec![says[dice.below(says.len())].replace("{}", &shown)];
    made.label = Label { code: Some(value), ..Label::default() };
    match dice.below(8) {
        0 => {
            (rows[0], made.label) = (noise(dice), Label::default());
            made.trap = true;
        }
        1 => {
            let token = dice.mixed(16);
            let url = format!("https://acme.test/verify?token={token}");
            rows[0] = format!("Click the link to verify your email: {url}");
            made.label = Label { link: Some(url), ..Label::default() };
        }
        _ => {}
    }
    for _ in 0..dice.below(4) {
        let row = noise(dice);
        let at = dice.below(rows.len() + 1);
        rows.insert(at, row);
    }
    let quoted = dice.below(6) == 0;
    let old = dice.digits(6);
    if quoted && made.label != Label::default() {
        rows.push(format!("> Your verification code is {old}."));
    }
    dress(dice, &mut made, &rows);
    made
}

/// As text, as HTML, or as both.
fn dress(dice: &mut Dice, made: &mut Labelled, rows: &[String]) {
    let hidden = dice.digits(6);
    let html = || {
        let escaped = |row: &str| row.replace('&', "&amp;").replace('<', "&lt;");
        let row = |row: &String| match row.strip_prefix("> ") {
            Some(quoted) => format!("<blockquote><p>{}</p></blockquote>", escaped(quoted)),
            None => format!("<p>{}</p>", escaped(row)),
        };
        let body: String = rows.iter().map(row).collect();
        format!("<html><body><div style='display:none'>Your verification code is {hidden}</div>{body}</body></html>")
    };
    match dice.below(4) {
        0 => made.html = Some(html()),
        1 => (made.html, made.text) = (Some(html()), Some(rows.join("\n"))),
        2 if rows.len() == 1 => (made.text, made.sms) = (Some(rows.join("\n")), true),
        _ => made.text = Some(rows.join("\r\n\r\n")),
    }
}
