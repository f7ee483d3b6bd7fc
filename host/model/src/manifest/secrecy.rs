//! What secrets look like: how they are called, and how they are written.
//!
//! A fact is kept in plain text and told to the connector, and its author says where it is taken from. So
//! whatever is called like a secret, or is as long and as random as one, is never a fact.

/// Parts of the names of secrets, in lower case.
const NAMES: &[&str] = &[
    "access",
    "assertion",
    "auth_code",
    "authcode",
    "authorization_code",
    "bearer",
    "cookie",
    "credential",
    "jwt",
    "key",
    "passphrase",
    "passwd",
    "password",
    "refresh",
    "secret",
    "session",
    "signature",
    "token",
    "verifier",
];

/// Words by which people are asked for a secret.
const ASKED: &[&str] = &[
    "apikey",
    "contraseña",
    "credential",
    "credentials",
    "hasło",
    "kennwort",
    "passcode",
    "passe",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "passwort",
    "pincode",
    "pwd",
    "secret",
    "secrets",
    "senha",
    "wachtwoord",
];

/// Two words that do so where they stand side by side.
const ASKED_TOGETHER: &[[&str; 2]] = &[
    ["access", "key"],
    ["access", "keys"],
    ["api", "key"],
    ["api", "keys"],
    ["pin", "code"],
    ["private", "key"],
    ["private", "keys"],
];

/// Letters of a text that may be a token; a shorter one cannot be told from an id.
pub const SHORTEST_TOKEN: usize = 32;
/// Letters of a part of a name, however they are mixed: the longest of a UUID.
const PART: usize = 12;
/// Letters of one word.
const WORD: usize = 24;

/// Whether what stands here is called like a secret. `name` is a parameter, or a JSON pointer, of which the
/// last name counts; the entries of a list are called like the list.
#[must_use]
pub fn is_named_like_a_secret(name: &str) -> bool {
    let is_index = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let last = name.rsplit('/').find(|part| !is_index(part)).unwrap_or_default().to_ascii_lowercase();
    NAMES.iter().any(|part| last.contains(part))
}

/// Whether people are asked for a secret by this name or title, by its whole words: "API key" and `acmeToken`, but neither
/// "the property that is the key" nor "max tokens".
pub(super) fn asks_for_a_secret(text: &str) -> bool {
    let words = words(text);
    let mut beside = words.iter().zip(words.iter().skip(1));
    words.iter().any(|word| ASKED.contains(&word.as_str()))
        || beside.any(|(one, other)| ASKED_TOGETHER.contains(&[one.as_str(), other.as_str()]))
        || words.last().is_some_and(|word| word == "token")
}

/// Its words in lower case, also those of `aName` and `a_name`.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut within, mut small) = (false, false);
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            let lower = letter.to_lowercase();
            match words.last_mut() {
                Some(word) if within && !(small && letter.is_uppercase()) => word.extend(lower),
                _ => words.push(lower.collect()),
            }
        }
        (within, small) = (letter.is_alphanumeric(), letter.is_lowercase());
    }
    words
}

/// Whether a text holds something that is as long and as random as a token. Numbers, UUIDs, hosts, and
/// names of words are none.
#[must_use]
pub fn looks_like_a_token(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"._~+/=-".contains(letter)).any(|run| {
        run.len() >= SHORTEST_TOKEN && !run.split(|letter: char| !letter.is_ascii_alphanumeric()).all(is_plain)
    })
}

/// Whether a part between dots, dashes and the like is short, a number or a word.
fn is_plain(part: &str) -> bool {
    let lower = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase());
    let word = || {
        let first_of_any_case = part.get(1..).is_some_and(lower);
        part.bytes().all(|b| b.is_ascii_alphabetic())
            && (first_of_any_case || !part.bytes().any(|b| b.is_ascii_lowercase()) || is_joined_words(part))
    };
    part.len() <= PART || part.bytes().all(|b| b.is_ascii_digit()) || (part.len() <= WORD && word())
}

/// Whether letters are words that are written as one, each with a capital: `BankTransactions`. Letters at random have
/// two capitals side by side, or with one letter between them, before long.
fn is_joined_words(part: &str) -> bool {
    let (mut small, mut first) = (0_usize, true);
    for letter in part.bytes() {
        if letter.is_ascii_uppercase() {
            if small < 2 && !first {
                return false;
            }
            small = 0;
        } else {
            small += 1;
        }
        first = false;
    }
    small >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_like_a_secret_is_told_from_what_is_not() {
        for name in [
            "/access",
            "/data/refresh",
            "/accessToken",
            "/tokens/0",
            "/a/apiKey",
            "/client-secret",
            "/PASSWORD",
            "assertion",
            "/id_jwt",
            "auth_code",
        ] {
            assert!(is_named_like_a_secret(name), "{name}");
        }
        for name in ["/hub_id", "realmId", "/authentication_event_id", "/team/id", "/token/id", "/hd", "/0", "", "/sub"]
        {
            assert!(!is_named_like_a_secret(name), "{name}");
        }
    }

    #[test]
    fn people_are_asked_for_a_secret_by_whole_words() {
        for text in [
            "Acme API password",
            "api_key",
            "apiKey",
            "APIKey",
            "acme-secret",
            "Token",
            "Your access token",
            "accessToken",
            "Mot de passe",
            "Wachtwoord van Acme",
            "PIN code",
        ] {
            assert!(asks_for_a_secret(text), "{text}");
        }
        for text in [
            "note_key_property",
            "Property of notes with unique values",
            "max_tokens",
            "token_url",
            "Where a token is given back",
            "Partner code",
            "Compass",
            "secretary",
            "Key",
            "",
        ] {
            assert!(!asks_for_a_secret(text), "{text}");
        }
    }

    #[test]
    fn what_is_written_like_a_token_is_told_from_what_is_not() {
        for token in [
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "1000.8cb99dxxxxxxxxxxxxx9be93f7.9b8xxxxxxxxxxxxxxxxxxxxxxxxxxxxxf",
            "user:da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "abcdefghijklmnopqrstuvwxyzabcdefgh",
            "https://api.acme.example/BankTRansactions",
            "https://api.acme.example/BaNkTransactions",
            "https://api.acme.example/BankTransactionsA",
            "https://api.acme.example/BankTransactionsOfAllAccounts",
            "qWbnRtkZplKmwXcvGhsDfyUeioJaNrTb",
        ] {
            assert!(looks_like_a_token(token), "{token}");
        }
        for plain in [
            "13827",
            "123456789012345678901234567890123456789012345",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "www.zohoapis.eu",
            "accounts.a-rather-long-organisation.my.salesforce.com",
            "https://accounts.a-rather-long-organisation.my.salesforce.com/services/data",
            "the-bakery-at-the-corner-of-the-street-and-sons",
            "The Bakery at the Corner of the Street, and Sons",
            "T024BE7LD",
            "00D5g000004ABCDEAW",
            "507f1f77bcf86cd799439011",
            "https://api.acme.example/api.xro/2.0/BankTransactions",
            "https://api.acme.example/api.xro/2.0/trackingCategories",
            "ann.of.the.bakery@the-bakery-at-the-corner.example",
            "",
        ] {
            assert!(!looks_like_a_token(plain), "{plain}");
        }
    }
}
