//! The browser's return. Everything in it may be an attacker's.

use std::collections::BTreeMap;

use patchbay_model::{
    Code, Fault, Secret,
    manifest::{Auth, REGION},
};

use super::{begin::hash, facts, quote::Masks, region};

/// Bytes of a code or state.
const LONGEST: usize = 4 * 1024;
/// Parameters that are looked at.
const MOST: usize = 64;

type Pairs<'a> = &'a [(String, String)];

/// A callback that may be exchanged.
#[derive(Debug)]
pub struct Callback {
    /// The code, good once.
    pub code: Secret,
    /// The manifest's facts of kind `callback:NAME`, and the region where the callback chooses it.
    pub facts: BTreeMap<String, String>,
}

/// What to look the attempt up by: the hash of the one `state` of a callback.
///
/// # Errors
/// `StateUnknown` when it is missing, there twice, or of a form that was never given out.
pub fn state_of(pairs: Pairs<'_>) -> Result<[u8; 32], Fault> {
    // 43 letters are given out; anything else was never stored.
    match one(pairs, "state") {
        Ok(Some(state)) if state.len() == 43 => Ok(hash(state)),
        Ok(_) | Err(Twice) => Err(Fault::new(Code::StateUnknown).operator("no usable state in the callback")),
    }
}

/// Reads a callback whose attempt was found and taken.
///
/// The issuer (RFC 9207) is required and compared letter by letter where the manifest declares one.
/// An `iss` that the manifest does not declare is not compared, because there is nothing to compare it
/// with: mix-up is then held off by the one redirect address of each registration.
///
/// # Errors
/// `IssuerMismatch`, `ConsentRefused` (any `error`), `StateUnknown` (no code, or something there twice),
/// `TokenAnswerInvalid` (a fact is missing or does not match), `RegionUnknown` (it names no region of the
/// manifest's table).
pub fn callback(auth: &Auth, pairs: Pairs<'_>) -> Result<Callback, Fault> {
    if pairs.len() > MOST {
        return Err(unusable("far too many parameters"));
    }
    let iss = one(pairs, "iss").map_err(|Twice| Fault::new(Code::IssuerMismatch).operator("`iss` is there twice"))?;
    if let (Some(expected), Some(iss)) = (&auth.issuer, iss)
        && expected != iss
    {
        let told = Masks::default().quote(iss);
        return Err(Fault::new(Code::IssuerMismatch).operator(format_args!("`iss` is {told:?}, not {expected:?}")));
    }
    let by_region = region::by(auth, "callback");
    let of_facts = auth.facts.iter().filter_map(facts::callback_name);
    let names = ["code", "state", "error"].into_iter().chain(of_facts).chain(by_region.map(|(_, name)| name));
    for name in names {
        one(pairs, name).map_err(|Twice| unusable(&format!("`{name}` is there twice")))?;
    }
    if let Ok(Some(error)) = one(pairs, "error") {
        return Err(refused(pairs, error));
    }
    if auth.issuer.is_some() && iss.is_none() {
        return Err(Fault::new(Code::IssuerMismatch).operator("the callback has no `iss`, which the manifest declares"));
    }
    let code = match one(pairs, "code") {
        Ok(Some(code)) if (1..=LONGEST).contains(&code.len()) && !code.chars().any(char::is_control) => code,
        Ok(_) | Err(Twice) => return Err(unusable("no usable code in the callback")),
    };
    let mut facts = facts::from_callback(auth, |name| one(pairs, name).ok().flatten()).map_err(|missing| {
        Fault::because(Code::TokenAnswerInvalid, format!("The provider did not say `{}`", missing.id))
            .operator(format_args!("fact `{}`: {}", missing.id, missing.why))
    })?;
    if let Some((by, name)) = by_region {
        let said = one(pairs, name).ok().flatten();
        let unknown = || {
            let told = said.map(|said| Masks::default().quote(said));
            Fault::new(Code::RegionUnknown).operator(format_args!("`{name}` is {told:?}"))
        };
        // Last, so that no fact can take its name.
        facts.insert(REGION.to_owned(), region::chosen(auth, by, said).ok_or_else(unknown)?.to_owned());
    }
    Ok(Callback { code: Secret::new(code), facts })
}

struct Twice;

fn one<'p>(pairs: Pairs<'p>, name: &str) -> Result<Option<&'p str>, Twice> {
    let mut found = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let first = found.next();
    if found.next().is_some() { Err(Twice) } else { Ok(first) }
}

fn unusable(why: &str) -> Fault {
    Fault::new(Code::StateUnknown).operator(why)
}

fn refused(pairs: Pairs<'_>, error: &str) -> Fault {
    let mut masks = Masks::default();
    for (_, value) in pairs.iter().filter(|(name, _)| matches!(name.as_str(), "code" | "state")) {
        masks.add(value);
    }
    let description = one(pairs, "error_description").ok().flatten().unwrap_or_default();
    Fault::new(Code::ConsentRefused).operator(format_args!(
        "the provider said {:?}: {:?}",
        masks.quote(error),
        masks.quote(description)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::{
        canary,
        script::{books, spread},
    };

    fn pairs(text: &str) -> Vec<(String, String)> {
        url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    fn with_issuer() -> Auth {
        Auth { issuer: Some("https://login.books.example".to_owned()), ..books() }
    }

    #[test]
    fn a_good_callback_gives_code_and_facts() {
        let callback =
            callback(&books(), &pairs("code=c0de&authorized_firm_id=13827&state=s&x=1&x=2")).expect("a callback");
        assert_eq!(callback.code.expose(), "c0de");
        assert_eq!(callback.facts, BTreeMap::from([("firm_id".to_owned(), "13827".to_owned())]));
    }

    #[test]
    fn every_bad_callback_is_refused_by_its_own_code() {
        let firm = "authorized_firm_id=13827";
        let long = format!("code={}&{firm}", "c".repeat(LONGEST + 1));
        let many = format!("code=c0de&{firm}&{}", "x=1&".repeat(100));
        for (auth, query, code) in [
            (books(), "", Code::StateUnknown),
            (books(), firm, Code::StateUnknown),
            (books(), &*format!("code=&{firm}"), Code::StateUnknown),
            (books(), &*format!("code=a&code=b&{firm}"), Code::StateUnknown),
            (books(), &*format!("code=a&code=a&{firm}"), Code::StateUnknown),
            (books(), &*format!("code=a&state=s&state=t&{firm}"), Code::StateUnknown),
            (books(), &*format!("code=a%0d%0aX:1&{firm}"), Code::StateUnknown),
            (books(), &long, Code::StateUnknown),
            (books(), &many, Code::StateUnknown),
            (books(), &*format!("code=a&{firm}&authorized_firm_id=2"), Code::StateUnknown),
            (books(), "code=a", Code::TokenAnswerInvalid),
            (books(), "code=a&authorized_firm_id=", Code::TokenAnswerInvalid),
            (books(), "code=a&authorized_firm_id=1/../2", Code::TokenAnswerInvalid),
            (books(), "code=a&authorized_firm_id=13827%0a", Code::TokenAnswerInvalid),
            (books(), "error=access_denied", Code::ConsentRefused),
            (books(), &*format!("error=access_denied&code=a&{firm}"), Code::ConsentRefused),
            (books(), "error=server_error&state=s", Code::ConsentRefused),
            (books(), "error=", Code::ConsentRefused),
            (books(), "error=a&error=b", Code::StateUnknown),
            (books(), &*format!("code=a&{firm}&iss=a&iss=b"), Code::IssuerMismatch),
            (with_issuer(), &*format!("code=a&{firm}"), Code::IssuerMismatch),
            (with_issuer(), &*format!("code=a&{firm}&iss="), Code::IssuerMismatch),
            (with_issuer(), &*format!("code=a&{firm}&iss=https://evil.example"), Code::IssuerMismatch),
            (with_issuer(), &*format!("code=a&{firm}&iss=https://login.books.example/"), Code::IssuerMismatch),
            (with_issuer(), &*format!("code=a&{firm}&iss=https://LOGIN.books.example"), Code::IssuerMismatch),
            (with_issuer(), "error=access_denied&iss=https://evil.example", Code::IssuerMismatch),
            (with_issuer(), "error=access_denied", Code::ConsentRefused),
        ] {
            let fault = callback(&auth, &pairs(query)).expect_err(query);
            assert_eq!(fault.code, code, "{query}: {fault:?}");
        }
    }

    #[test]
    fn the_declared_issuer_is_taken_and_an_undeclared_one_is_not_compared() {
        let good = "code=a&authorized_firm_id=1&iss=https://login.books.example";
        assert!(callback(&with_issuer(), &pairs(good)).is_ok());
        assert!(callback(&books(), &pairs("code=a&authorized_firm_id=1&iss=https://any.example")).is_ok());
    }

    #[test]
    fn a_missing_fact_is_named_to_the_person() {
        let fault = callback(&books(), &pairs("code=a")).expect_err("refused");
        assert!(fault.person.contains("firm_id"), "{fault:?}");
    }

    #[test]
    fn code_and_state_cannot_be_made_facts() {
        for from in ["callback:code", "callback:state"] {
            let mut auth = books();
            auth.facts[0].from = from.to_owned();
            auth.facts[0].pattern = ".*".to_owned();
            let fault = callback(&auth, &pairs("code=canary-code-1&state=canary-state-1")).expect_err("refused");
            assert_eq!(fault.code, Code::TokenAnswerInvalid);
            canary::absent(&fault);
        }
    }

    #[test]
    fn what_the_provider_says_is_bounded_escaped_and_masked() {
        let query = format!("error=%3Cb%3E&error_description=canary-code-1%0a{}&code=canary-code-1", "x".repeat(1_000));
        let fault = callback(&books(), &pairs(&query)).expect_err("refused");
        let operator = fault.operator.clone().expect("a text");
        assert!(operator.contains("(masked)x") && operator.chars().count() < 400, "{operator}");
        assert!(!fault.person.contains("<b>"));
        canary::absent(&fault);
    }

    #[test]
    fn a_state_that_was_never_given_out_is_not_looked_up() {
        let state = "s".repeat(43);
        assert_eq!(state_of(&pairs(&format!("state={state}"))).expect("a hash"), hash(&state));
        for query in [
            String::new(),
            "state=".to_owned(),
            format!("state={}", "s".repeat(42)),
            format!("state={}", "s".repeat(1024 * 1024)),
            format!("state={state}&state={state}"),
        ] {
            assert_eq!(state_of(&pairs(&query)).expect_err("refused").code, Code::StateUnknown);
        }
    }

    #[test]
    fn the_callback_chooses_a_region_of_the_table_and_nothing_else() {
        let chosen = |query: &str| callback(&spread(), &pairs(query)).map(|callback| callback.facts);
        for (server, region) in
            [("https://accounts.books.example", "us"), ("https%3A%2F%2Faccounts.books.example.eu", "eu")]
        {
            let facts = chosen(&format!("code=a&accounts-server={server}&location=mars")).expect("a region");
            assert_eq!(facts, BTreeMap::from([("region".to_owned(), region.to_owned())]));
        }
        for query in [
            "code=a",
            "code=a&accounts-server=",
            "code=a&accounts-server=eu",
            "code=a&accounts-server=https://evil.example",
            "code=a&accounts-server=https://accounts.books.example.evil.example",
            "code=a&accounts-server=https://accounts.books.example/",
            "code=a&accounts-server=HTTPS://accounts.books.example",
            "code=a&accounts-server=https://accounts.other.example",
        ] {
            let fault = chosen(query).expect_err(query);
            assert_eq!(fault.code, Code::RegionUnknown, "{query}: {fault:?}");
        }
        let twice =
            "code=a&accounts-server=https://accounts.books.example&accounts-server=https://accounts.books.example.eu";
        assert_eq!(chosen(twice).expect_err("twice").code, Code::StateUnknown);
    }

    #[test]
    fn a_region_of_another_login_or_a_fact_of_that_name_does_not_count() {
        let mut other = spread();
        other.regions[0].id = "mars".to_owned();
        other.regions[0].values.insert("accounts-server".to_owned(), "https://accounts.mars.example".to_owned());
        let query = pairs("code=a&accounts-server=https://accounts.mars.example&r=us");
        assert_eq!(callback(&other, &query).expect("its own").facts["region"], "mars");
        assert_eq!(callback(&spread(), &query).expect_err("another's").code, Code::RegionUnknown);
        let mut posing = spread();
        posing.facts = serde_json::from_value(serde_json::json!([
            {"id": "region", "from": "callback:r", "pattern": ".*"},
        ]))
        .expect("facts");
        let query = pairs("code=a&accounts-server=https://accounts.books.example.eu&r=us");
        assert_eq!(callback(&posing, &query).expect("a callback").facts["region"], "eu");
    }

    #[test]
    fn an_optional_fact_may_be_missing_and_may_not_be_wrong() {
        let mut auth = books();
        auth.facts[0].optional = true;
        for (query, expected) in [
            ("code=a", Some(0)),
            ("code=a&authorized_firm_id=", Some(0)),
            ("code=a&authorized_firm_id=1", Some(1)),
            ("code=a&authorized_firm_id=x", None),
        ] {
            assert_eq!(callback(&auth, &pairs(query)).map(|callback| callback.facts.len()).ok(), expected, "{query}");
        }
    }
}
