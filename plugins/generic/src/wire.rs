//! What every request needs, and which addresses are followed.

use patchbay_definition::{Definition, of_json};
use patchbay_sdk::{
    Context, Error, Result,
    http::{self, Credential, Effect, Request, Response},
};
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use crate::{
    meaning::{self, Asked},
    values::{RESERVED, Values},
};

/// Redirects within the API that one request follows.
const HOPS: usize = 3;

/// How to talk to the API for one connection.
pub(crate) struct Api {
    pub(crate) definition: Definition,
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// The path that all paths begin with.
    base: String,
    /// What every request says besides.
    headers: Vec<(String, String)>,
    credential: Credential,
}

/// A read that can be sent again at another address.
pub(crate) struct Question {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) asked: Asked,
}

impl Api {
    /// Reads the definition, which an operator may have corrected, and refuses one that is wrong.
    ///
    /// Where requests go and what all of them say is the connection's alone: no item has a say in it.
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let definition = definition(ctx)?;
        let values = Values::of(ctx)?;
        let url = base_url(&definition.base_url, &values)?;
        let (origin, base) = split(&url).ok_or_else(|| wrong().detail("base-url is no https address"))?;
        let (origin, base) = (origin.to_owned(), base.to_owned());
        let credential =
            if definition.no_credential.contains(&ctx.auth) { Credential::Nothing } else { Credential::Standard };
        let mut headers = Vec::new();
        for (name, template) in &definition.headers {
            headers.extend(values.header(template)?.map(|value| (name.clone(), value)));
        }
        Ok(Self { definition, origin, base, headers, credential })
    }

    /// An address below the base address.
    pub(crate) fn url(&self, path: &str, values: &Values<'_>) -> Result<String> {
        Ok(format!("{}{}{}", self.origin, self.base, values.path(path)?))
    }

    /// A request with what all of them have.
    pub(crate) fn request(&self, method: &str, url: &str) -> Request {
        let mut request = http::request(method, url).credential(self.credential.clone());
        if !self.definition.headers.keys().any(|name| name.eq_ignore_ascii_case("accept")) {
            request = request.header("accept", "application/json");
        }
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Asks, and follows the API's redirects within its own host; none when it says that there is nothing.
    pub(crate) fn ask(&self, question: &Question, values: &Values<'_>) -> Result<Option<Response>> {
        let mut url = question.url.clone();
        for _ in 0..=HOPS {
            let mut request = self.request(&question.method, &url);
            for (name, value) in &question.headers {
                request = request.header(name, value);
            }
            if let Some(body) = &question.body {
                let rendered = crate::render::body(body, values)?;
                request = request.json(&rendered.json);
            }
            if question.method != "GET" {
                request = request.effect(Effect::Repeatable);
            }
            let response = request.send()?;
            let moved = matches!(response.status(), 301 | 302 | 303 | 307 | 308);
            match response.header("location") {
                Some(location) if moved => url = self.redirected(location, &url, &response)?,
                _ => {
                    return match meaning::of(&self.definition, &response, question.asked) {
                        None => Ok(Some(response)),
                        Some(patchbay_definition::Meaning::Empty) => Ok(None),
                        Some(meaning) => Err(meaning::error(&self.definition, &response, question.asked, meaning)),
                    };
                }
            }
        }
        Err(Error::invalid_response("The API sends this connector from one address to the next."))
    }

    /// Where a redirect leads, when that is within the API.
    pub(crate) fn redirected(&self, location: &str, url: &str, response: &Response) -> Result<String> {
        match follow(location, url) {
            Some(next)
                if split(&next).is_some_and(|(origin, path)| self.has(origin) && within(path_of(path), &self.base)) =>
            {
                Ok(next)
            }
            _ => Err(response
                .error()
                .as_case(patchbay_sdk::Case::InvalidConfig)
                .message("The API has moved to another address. Correct the base address of this connector.")),
        }
    }

    /// The next address of a list, when it lies within the list that was asked.
    pub(crate) fn next(&self, link: &str, asked: &str, response: &Response) -> Result<String> {
        let path = split(asked).map(|(_, path)| path_of(path)).unwrap_or_default();
        match follow(link, asked) {
            Some(next) if split(&next).is_some_and(|(origin, to)| self.has(origin) && within(path_of(to), path)) => {
                Ok(next)
            }
            _ => Err(response.unreadable("a next address outside of the list that was asked")),
        }
    }

    fn has(&self, origin: &str) -> bool {
        origin.strip_suffix(":443").unwrap_or(origin).eq_ignore_ascii_case(&self.origin)
    }
}

/// The definition of this call.
///
/// # Errors
/// `invalid-config`, with a field for each place that is wrong.
pub(crate) fn definition(ctx: &Context) -> Result<Definition> {
    let value: Value = ctx.config()?;
    of_json(&value).map_err(|findings| {
        let detail: Vec<String> = findings.iter().take(5).map(ToString::to_string).collect();
        let error = wrong().detail(detail.join("; "));
        findings.into_iter().take(50).fold(error, |error, finding| {
            error.field(finding.path.pointer(), format!("{} — {}", finding.message, finding.remedy))
        })
    })
}

fn wrong() -> Error {
    Error::invalid_config("The definition of this connector is wrong. Its operator has to correct it.")
}

fn base_url(template: &str, values: &Values<'_>) -> Result<String> {
    // A field of type `origin` is a whole address, which the host has reduced to scheme, host and port.
    let Some((field, path)) = template.strip_prefix('{').and_then(|open| open.split_once('}')) else {
        let (host, path) =
            template.split_at(template.get(8..).and_then(|rest| rest.find('/')).map_or(template.len(), |at| at + 8));
        let host = host.strip_prefix("https://").unwrap_or_default();
        return Ok(format!("https://{}{path}", values.path(host)?));
    };
    let origin = values.text(&format!("{{{field}}}"))?.unwrap_or_default();
    Ok(format!("{}{path}", origin.trim_end_matches('/')))
}

/// Origin and all that follows it.
pub(crate) fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://")?;
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest.get(..at)?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-:".contains(letter);
    (!host.is_empty() && host.chars().all(plain)).then(|| url.split_at("https://".len() + at))
}

fn path_of(rest: &str) -> &str {
    rest.split(['?', '#']).next().unwrap_or(rest)
}

/// Whether a path is another one, or lies below it.
fn within(path: &str, above: &str) -> bool {
    let above = above.trim_end_matches('/');
    let climbs = |segment: &str| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    };
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && !path.split('/').any(climbs)
}

/// A link from an address: a whole address, a path, or other parameters.
fn follow(link: &str, from: &str) -> Option<String> {
    let link = link.trim().split('#').next()?;
    if link.is_empty() || link.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return None;
    }
    let (origin, rest) = split(from)?;
    if link.starts_with("https://") {
        split(link).map(|_| link.to_owned())
    } else if link.starts_with('/') && !link.starts_with("//") {
        Some(format!("{origin}{link}"))
    } else if link.starts_with('?') {
        Some(format!("{origin}{}{link}", path_of(rest)))
    } else {
        None
    }
}

/// An address with parameters, percent-encoded.
pub(crate) fn with_query(url: &str, parameters: &[(String, String)]) -> String {
    let mut url = url.to_owned();
    for (place, (name, value)) in parameters.iter().enumerate() {
        url.push(if place == 0 { '?' } else { '&' });
        url.extend(utf8_percent_encode(name, RESERVED));
        url.push('=');
        url.extend(utf8_percent_encode(value, RESERVED));
    }
    url
}

/// An address without some of its parameters.
pub(crate) fn without(url: &str, names: &[String]) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let named = |pair: &&str| !names.iter().any(|name| pair.split('=').next() == Some(name.as_str()));
    let kept: Vec<&str> = query.split('&').filter(named).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};

    use super::{follow, path_of, split, within, without};

    const FROM: &str = "https://acme.boekingen.example/api/v1/bookings?page=1";

    fn leads(link: &str) -> Option<String> {
        let next = follow(link, FROM)?;
        let (origin, path) = split(&next)?;
        (origin == "https://acme.boekingen.example" && within(path_of(path), "/api/v1/bookings")).then_some(next)
    }

    #[test]
    fn a_next_address_is_followed_within_the_list_only() {
        for good in [
            "https://acme.boekingen.example/api/v1/bookings?page=2",
            "/api/v1/bookings?page=2",
            "?page=2",
            "/api/v1/bookings/page/2",
            "https://acme.boekingen.example/api/v1/bookings?page=2#x",
        ] {
            assert!(leads(good).is_some(), "{good}");
        }
        for bad in [
            "https://evil.example/api/v1/bookings?page=2",
            "https://acme.boekingen.example.evil.example/api/v1/bookings",
            "https://acme.boekingen.example@evil.example/api/v1/bookings",
            "http://acme.boekingen.example/api/v1/bookings",
            "//evil.example/api/v1/bookings",
            "/api/v1/bookings/../admin",
            "/api/v1/bookings/%2e%2E/admin",
            "/api/v1/bookingsadmin",
            "/api/v1/admin",
            "page=2",
            "",
            "/api/v1/bookings\\..\\x",
            "/api/v1/bookings?x=a b",
        ] {
            assert_eq!(leads(bad), None, "{bad}");
        }
    }

    #[test]
    fn parameters_are_taken_out_by_name() {
        let names = ["api_key".to_owned()];
        assert_eq!(
            without("https://a.example/x?api_key=1&page=2&api_keys=3", &names),
            "https://a.example/x?page=2&api_keys=3"
        );
        assert_eq!(without("https://a.example/x?api_key=1", &names), "https://a.example/x");
        assert_eq!(without("https://a.example/x", &names), "https://a.example/x");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_link_leads_to_another_host(link in any::<String>()) {
            if let Some(next) = leads(&link) {
                prop_assert!(next.starts_with("https://acme.boekingen.example/api/v1/bookings"), "{}", next);
            }
        }
    }
}
