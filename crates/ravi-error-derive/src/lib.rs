//! `#[derive(Explain)]`: an error's code, hint and kind are data on its variants.
//!
//! ```ignore
//! #[derive(Debug, thiserror::Error, Explain)]
//! enum NoteError {
//!     #[error("there is no note {name}")]
//!     #[explain(code = "note.missing", kind = NotFound, hint("`note add {name}` makes one."))]
//!     Missing { name: String },
//!     #[error("git could not be started: {source}")]
//!     #[explain(if = source.kind() == io::ErrorKind::NotFound, code = "note.no_git", hint = "Install git.")]
//!     #[explain(code = "note.git_start", hint = "Close programs, then try again.")]
//!     Git { source: io::Error },
//!     #[error(transparent)]
//!     #[explain(transparent)]
//!     File(#[from] FileError),
//! }
//! ```
//!
//! * `code = "…"` is a literal, `room.case`.
//! * `hint = "…"` is the next step, verbatim; `hint("…", …)` is formatted, and may use the variant's fields.
//! * `kind` names a `Kind`; the default is `Failed`.
//! * `if` restricts the attribute to some values of the variant. The first attribute that applies is used, and the last
//!   one has no `if`.
//! * `transparent` leaves all three to the inner error.
//! * `code(…)` and `kind(…)` are computed from the fields, for a variant that has another error's code and cannot use
//!   `transparent`. `CASES` omits it, since the code is listed with the other error.
//!
//! The message of each variant is thiserror's. The derive reads its text, so that `CASES` lists the code, message, hint
//! and kind of every case, for the page of all codes. miette's `Diagnostic` was considered: it has codes and help on
//! the variant, but no kind and no list of all cases, and it brings its own way of printing.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, LitStr, Token, parenthesized, parse_macro_input};

/// See the crate's documentation.
#[proc_macro_derive(Explain, attributes(explain))]
pub fn explain(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// One attribute `#[explain(…)]`.
enum Explained {
    Transparent,
    Case(Box<Case>),
}

struct Case {
    only_if: Option<Expr>,
    code: Given<LitStr>,
    hint: Hint,
    kind: Given<Ident>,
}

/// `name = value`, or `name(…)` with an expression.
enum Given<T> {
    Here(T),
    Computed(Box<Expr>),
}

struct Hint {
    text: LitStr,
    /// `None` if the text is used verbatim.
    arguments: Option<Punctuated<Expr, Token![,]>>,
}

impl Parse for Explained {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut only_if, mut code, mut hint, mut kind) = (None, None, None, Given::Here(format_ident!("Failed")));
        while !input.is_empty() {
            if input.peek(Token![if]) {
                input.parse::<Token![if]>()?;
                input.parse::<Token![=]>()?;
                only_if = Some(input.parse()?);
            } else {
                let name: Ident = input.parse()?;
                match name.to_string().as_str() {
                    "transparent" => return Ok(Explained::Transparent),
                    "code" => code = Some(input.parse()?),
                    "hint" => hint = Some(input.parse()?),
                    "kind" => kind = input.parse()?,
                    _ => return Err(Error::new(name.span(), "expected code, hint, kind, if or transparent")),
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let missing = |what| input.error(format!("{what} is missing"));
        let code = code.ok_or_else(|| missing("code"))?;
        let hint = hint.ok_or_else(|| missing("hint"))?;
        if matches!((&code, &kind), (Given::Here(_), Given::Computed(_))) {
            return Err(input.error("a case with its own code needs its own kind, so that it can be listed"));
        }
        Ok(Explained::Case(Box::new(Case { only_if, code, hint, kind })))
    }
}

impl<T: Parse> Parse for Given<T> {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            return Ok(Given::Here(input.parse()?));
        }
        let content;
        parenthesized!(content in input);
        Ok(Given::Computed(Box::new(content.parse()?)))
    }
}

impl Parse for Hint {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            return Ok(Hint { text: input.parse()?, arguments: None });
        }
        let content;
        parenthesized!(content in input);
        let text = content.parse()?;
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
        Ok(Hint { text, arguments: Some(content.parse_terminated(Expr::parse, Token![,])?) })
    }
}

/// A struct, or a variant of an enum.
struct Shape<'a> {
    path: Tokens,
    fields: &'a Fields,
    attributes: &'a [Attribute],
}

#[derive(Default)]
struct Arms {
    code: Vec<Tokens>,
    hint: Vec<Tokens>,
    kind: Vec<Tokens>,
    cases: Vec<Tokens>,
}

fn expand(input: &DeriveInput) -> syn::Result<Tokens> {
    let mut arms = Arms::default();
    match &input.data {
        Data::Enum(data) => {
            for variant in &data.variants {
                let name = &variant.ident;
                arms.add(&Shape { path: quote!(Self::#name), fields: &variant.fields, attributes: &variant.attrs })?;
            }
        }
        Data::Struct(data) => {
            arms.add(&Shape { path: quote!(Self), fields: &data.fields, attributes: &input.attrs })?;
        }
        Data::Union(_) => return Err(Error::new(input.span(), "a union cannot be an error")),
    }
    let (name, Arms { code, hint, kind, cases }) = (&input.ident, arms);
    let (generics, types, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        #[allow(unused_variables, clippy::all)]
        impl #generics ::ravi_error::Explain for #name #types #bounds {
            fn code(&self) -> ::std::string::String {
                match self { #(#code)* }
            }
            fn hint(&self) -> ::std::string::String {
                match self { #(#hint)* }
            }
            fn kind(&self) -> ::ravi_error::Kind {
                match self { #(#kind)* }
            }
        }
        #[automatically_derived]
        impl #generics ::ravi_error::Cases for #name #types #bounds {
            const CASES: &'static [::ravi_error::Case] = &[ #(#cases)* ];
        }
    })
}

impl Arms {
    fn add(&mut self, shape: &Shape<'_>) -> syn::Result<()> {
        let explained = shape.attributes.iter().filter(|a| a.path().is_ident("explain"));
        let explained = explained.map(Attribute::parse_args).collect::<syn::Result<Vec<Explained>>>()?;
        let at = |text| Error::new(shape.path.span(), text);
        match explained.last() {
            None => return Err(at("#[explain(…)] is missing")),
            Some(Explained::Case(case)) if case.only_if.is_some() => {
                return Err(at("the last #[explain(…)] must apply to all values, so it cannot have an `if`"));
            }
            Some(_) => {}
        }
        let pattern = shape.pattern();
        for one in explained {
            match one {
                Explained::Transparent => self.add_transparent(shape),
                Explained::Case(case) => self.add_case(shape, &pattern, &case),
            }
        }
        Ok(())
    }

    fn add_transparent(&mut self, shape: &Shape<'_>) {
        let path = &shape.path;
        self.code.push(quote!(#path(within, ..) => ::ravi_error::Explain::code(within),));
        self.hint.push(quote!(#path(within, ..) => ::ravi_error::Explain::hint(within),));
        self.kind.push(quote!(#path(within, ..) => ::ravi_error::Explain::kind(within),));
    }

    fn add_case(&mut self, shape: &Shape<'_>, pattern: &Tokens, case: &Case) {
        let Case { only_if, code, hint: Hint { text, arguments }, kind } = case;
        let guard = only_if.iter().map(|only_if| quote!(if #only_if)).collect::<Tokens>();
        let hint = match arguments {
            None => quote!(::std::string::String::from(#text)),
            Some(arguments) => quote!(::std::format!(#text, #arguments)),
        };
        let own_code = match code {
            Given::Here(code) => quote!(::std::string::String::from(#code)),
            Given::Computed(code) => quote!(::std::string::ToString::to_string(&#code)),
        };
        let own_kind = match kind {
            Given::Here(kind) => quote!(::ravi_error::Kind::#kind),
            Given::Computed(kind) => quote!(#kind),
        };
        self.code.push(quote!(#pattern #guard => #own_code,));
        self.hint.push(quote!(#pattern #guard => #hint,));
        self.kind.push(quote!(#pattern #guard => #own_kind,));
        let (Given::Here(code), Given::Here(kind)) = (code, kind) else { return };
        let (message, formatted) = (shape.message(), arguments.is_some());
        self.cases.push(quote! {
            ::ravi_error::Case {
                code: #code,
                message: #message,
                hint: #text,
                hint_is_formatted: #formatted,
                kind: ::ravi_error::Kind::#kind,
            },
        });
    }
}

impl Shape<'_> {
    /// Binds every field by its name; those of a tuple are called `_0`, `_1`, as in thiserror.
    fn pattern(&self) -> Tokens {
        let path = &self.path;
        match self.fields {
            Fields::Named(fields) => {
                let names = fields.named.iter().map(|field| &field.ident);
                quote!(#path { #(#names),* })
            }
            Fields::Unnamed(fields) => {
                let names = (0..fields.unnamed.len()).map(|index| format_ident!("_{index}"));
                quote!(#path(#(#names),*))
            }
            Fields::Unit => path.clone(),
        }
    }

    /// The text of thiserror's `#[error("…")]`; empty if the inner error supplies the message.
    fn message(&self) -> String {
        let first = |attribute: &Attribute| {
            attribute.parse_args_with(|input: ParseStream<'_>| {
                let text = input.parse::<LitStr>()?;
                input.parse::<Tokens>()?;
                Ok(text.value())
            })
        };
        let error = self.attributes.iter().find(|attribute| attribute.path().is_ident("error"));
        error.and_then(|attribute| first(attribute).ok()).unwrap_or_default()
    }
}
