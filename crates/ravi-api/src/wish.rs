//! Which part of a new identity the server rejects: its name or its address. Servers say so by field, by code or in
//! words.

use super::error::{ApiError, ServerMessage};

/// Fields of the request that concern the address, in all versions.
const ADDRESS_FIELDS: [&str; 4] = ["email_identifier", "email", "inbox", "email_local"];
/// Words that concern the address.
const ADDRESS_WORDS: [&str; 7] = ["address", "addresses", "email", "emails", "identifier", "inbox", "mailbox"];
const NAME_WORDS: [&str; 2] = ["name", "names"];
const DOMAIN_WORDS: [&str; 2] = ["domain", "domains"];

/// A part of what was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Address,
}

impl ServerMessage {
    /// Whether the refusal names this field of the request.
    pub fn names(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, _)| name == field)
    }

    /// Returns what the refusal of a new identity is about; `None` if that is unclear. Fields take precedence over
    /// words.
    fn part(&self) -> Option<Part> {
        let any = |fields: &[&str]| fields.iter().any(|field| self.names(field));
        let by_field = (any(&["name"]), any(&ADDRESS_FIELDS), any(&["domain"]));
        match if by_field == (false, false, false) { self.in_words() } else { by_field } {
            (true, false, false) => Some(Part::Name),
            (false, true, false) => Some(Part::Address),
            // Another address in a rejected domain would be rejected too.
            _ => None,
        }
    }

    fn in_words(&self) -> (bool, bool, bool) {
        let said = format!("{} {}", self.code, self.message).to_ascii_lowercase();
        let any = |wanted: &[&str]| said.split(|c: char| !c.is_alphanumeric()).any(|word| wanted.contains(&word));
        (any(&NAME_WORDS), any(&ADDRESS_WORDS), any(&DOMAIN_WORDS))
    }
}

impl ApiError {
    /// Whether making an identity was refused only because of its name: by field, or in words if no field is named.
    pub fn about_name(&self) -> bool {
        self.part() == Some(Part::Name)
    }

    /// Whether making an identity was refused only because of its address, so that another one may be available. A
    /// refusal that does not say what it is about, such as a bare 409, is about neither.
    pub fn about_address(&self) -> bool {
        self.part() == Some(Part::Address)
    }

    fn part(&self) -> Option<Part> {
        match self {
            ApiError::Conflict { server, .. } | ApiError::Invalid { server, .. } => server.part(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Endpoint, Verb};

    fn refused(code: &str, message: &str, fields: &[&str]) -> ApiError {
        let fields = fields.iter().map(|field| ((*field).to_owned(), "no".to_owned())).collect();
        let server = Box::new(ServerMessage { code: code.into(), message: message.into(), fields });
        ApiError::Invalid { endpoint: Endpoint { verb: Verb::Post, template: "/api/identities/" }, status: 400, server }
    }

    #[test]
    fn a_refused_identity_is_refused_for_its_name_or_its_address_or_it_is_not_clear() {
        let (name, address, unclear) = ((true, false), (false, true), (false, false));
        for (code, message, fields, about) in [
            ("http.400", "name: An identity with this name exists.", &["name"][..], name),
            ("validation.failed", "Validation failed", &["name"], name),
            ("http.400", "non-field", &["email_identifier"], address),
            // The field takes precedence over the words.
            ("http.400", "This name is taken.", &["email"], address),
            ("http.400", "x", &["inbox", "name"], unclear),
            ("http.400", "x", &["email_identifier", "domain"], unclear),
            ("http.409", "An identity with this name already exists.", &[], name),
            ("http.400", "The fields account, name must make a unique set.", &["phone"], name),
            ("identity.name_taken", "HTTP 409", &[], name),
            ("http.409", "This email address is already in use.", &[], address),
            ("identity.email_taken", "Conflict", &[], address),
            ("http.409", "Identifier taken.", &[], address),
            ("http.409", "An identity with this name or address exists.", &[], unclear),
            ("identity.default_email_domain_missing", "No default domain.", &[], unclear),
            ("http.409", "HTTP 409", &[], unclear),
            ("http.409", "Tournament of hostnames", &[], unclear),
        ] {
            let error = refused(code, message, fields);
            assert_eq!((error.about_name(), error.about_address()), about, "{code} {message} {fields:?}");
        }
        let Some(server) = refused("", "", &["name"]).server().cloned() else { panic!("it says something") };
        assert!(server.names("name") && !server.names("email") && !server.names("nam"));
        let endpoint = Endpoint { verb: Verb::Post, template: "/api/identities/" };
        let plan =
            ApiError::PlanNeeded { endpoint, server: Box::new(ServerMessage { message: "name".into(), ..server }) };
        assert!(!plan.about_name() && !plan.about_address());
    }
}
