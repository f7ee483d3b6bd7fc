//! Addresses: https, a host name, nothing else that could lead elsewhere.

mod region;

use self::region::Spread;
use crate::manifest::{Region, placeholders};

/// A field of type `subdomain`: name and suffix. Two ways to log in may have one of the same name.
pub(super) type Subdomain<'a> = (&'a str, Option<&'a str>);

/// Message and remedy.
pub(super) type Refusal = (String, String);

/// What may fill a part of an address before its path.
#[derive(Default)]
pub(super) struct Fillers<'a> {
    /// Fields that are the first label.
    pub(super) subdomains: Vec<Subdomain<'a>>,
    /// Fields that are the whole address: a customer's own.
    pub(super) origins: Vec<&'a str>,
    /// The table of regions of each way to log in.
    pub(super) tables: Vec<&'a [Region]>,
}

/// What stands in the braces of an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filled<'a> {
    /// The field that is the whole address before the path.
    pub(super) origin: Option<&'a str>,
    /// `region.NAME` of the host, and every name after the host.
    pub(super) names: Vec<&'a str>,
}

/// Checks `https://host[:port]`, or a customer's own address, and nothing after it.
pub(super) fn origin<'a>(text: &'a str, fillers: &Fillers<'_>) -> Result<Filled<'a>, Refusal> {
    if let Some((field, rest)) = own(text) {
        if !rest.is_empty() {
            return Err((
                format!("{text:?} goes on after the customer's own address"),
                format!("write origin = \"{{{field}}}\" and put what paths start with in paths"),
            ));
        }
        own_origin(text, field, fillers)?;
        return Ok(Filled { origin: Some(field), names: Vec::new() });
    }
    let authority = scheme(text)?;
    if let Some(at) = authority.find(['/', '?', '#', '\\']) {
        let (host, _) = authority.split_at(at);
        return Err((
            format!("{text:?} is more than scheme, host and port"),
            format!("write origin = \"https://{host}\" and put what paths start with in paths"),
        ));
    }
    Ok(Filled { origin: None, names: host(text, authority, fillers)? })
}

/// Checks `https://host[:port]/path`, or a path at a customer's own address.
pub(super) fn url<'a>(text: &'a str, fillers: &Fillers<'_>) -> Result<Filled<'a>, Refusal> {
    let (origin, mut names, path) = if let Some((field, path)) = own(text) {
        own_origin(text, field, fillers)?;
        if !path.is_empty() && !path.starts_with('/') {
            let remedy = format!("write the path after it: \"{{{field}}}/oauth/token\"");
            return Err((format!("{text:?} goes on without a path after the customer's own address"), remedy));
        }
        (Some(field), Vec::new(), path)
    } else {
        let rest = scheme(text)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        (None, host(text, authority, fillers)?, path)
    };
    if path.contains('#') {
        return Err((format!("{text:?} has a fragment"), "leave out # and what follows".to_owned()));
    }
    names.extend(tail(path)?);
    Ok(Filled { origin, names })
}

/// Checks what a path may look like, and gives the names of its placeholders.
pub(super) fn path(text: &str) -> Result<Vec<&str>, Refusal> {
    if !text.starts_with('/') {
        return Err((format!("{text:?} is not a path"), format!("begin with /: \"/{text}\"")));
    }
    if text.contains(['?', '#', '*']) {
        let remedy = "write only what the path starts with; all that follows is allowed".to_owned();
        return Err((format!("{text:?} is more than the beginning of a path"), remedy));
    }
    tail(text)
}

fn tail(text: &str) -> Result<Vec<&str>, Refusal> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || !c.is_ascii() || c == '\\';
    if text.chars().any(odd) || super::super::fill::has_dot_segment(text) || text.starts_with("//") {
        return Err((
            format!("{text:?} cannot be compared with an address"),
            "write it as it stands in a request: plain ASCII, no spaces, no . or .. between slashes".to_owned(),
        ));
    }
    placeholders(text).map_err(|error| (error, "write placeholders as {name}".to_owned()))
}

/// The field at the very beginning, where no scheme is, and what follows it.
fn own(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('{')?.split_once('}')
}

fn own_origin(text: &str, field: &str, fillers: &Fillers<'_>) -> Result<(), Refusal> {
    if fillers.origins.contains(&field) {
        return Ok(());
    }
    Err((
        format!("{text:?} takes the whole address from {field:?}, which is no field of type origin"),
        format!("write an [[auth.field]] with id = {field:?} and type = \"origin\", or begin with https://"),
    ))
}

fn scheme(text: &str) -> Result<&str, Refusal> {
    text.strip_prefix("https://").ok_or_else(|| {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        (format!("{text:?} does not begin with https://"), format!("write \"https://{rest}\"; nothing else is reached"))
    })
}

/// Checks host and port, and gives the names of the region's values in them.
fn host<'a>(text: &str, authority: &'a str, fillers: &Fillers<'_>) -> Result<Vec<&'a str>, Refusal> {
    if let Some((field, "")) = own(authority)
        && fillers.origins.contains(&field)
    {
        let remedy = format!("write \"{{{field}}}\" alone");
        return Err((format!("{text:?} writes a scheme, and the field {field:?} has one"), remedy));
    }
    let Spread { names, hosts } = region::spread(text, authority, &fillers.tables)?;
    if names.is_empty() {
        one_host(text, authority, &fillers.subdomains, false)?;
    }
    for (id, written) in hosts {
        one_host(text, &written, &fillers.subdomains, true)
            .map_err(|(message, remedy)| (format!("in the region {id:?}, {written:?}, {message}"), remedy))?;
    }
    Ok(names)
}

fn one_host(text: &str, authority: &str, subdomains: &[Subdomain<'_>], of_region: bool) -> Result<(), Refusal> {
    let refuse = |message: &str, remedy: &str| Err((format!("{text:?} {message}"), remedy.to_owned()));
    if authority.contains('@') {
        return refuse("carries a user", "leave out the user; a credential goes in a slot");
    }
    if authority.contains('*') {
        return refuse(
            "has a wildcard",
            "name each host, or write {field} as the first label with a field of type subdomain",
        );
    }
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !authority.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    };
    match port.map(|port| (port, port.parse::<u16>())) {
        None => {}
        Some((_, Ok(443))) => return refuse("names port 443", "leave out :443, it is meant anyway"),
        Some((written, Ok(port))) if port > 0 && port.to_string() == written => {}
        Some(_) => return refuse("has a port that is no number", "write a number from 1 to 65535, or leave it out"),
    }
    let (fixed, filled) = match name.strip_prefix('{') {
        Some(rest) => match rest.split_once('}') {
            Some((field, suffix)) if suffix.starts_with('.') => {
                subdomain(text, field, suffix, subdomains)?;
                (suffix.trim_start_matches('.'), true)
            }
            _ => {
                return refuse(
                    "has a placeholder that is not the whole first label",
                    "write https://{field}.example.com with a field of type subdomain",
                );
            }
        },
        None => (name, false),
    };
    if fixed.contains(['{', '}']) {
        return refuse(
            "has a placeholder that is not the whole first label",
            "write https://{field}.example.com with a field of type subdomain",
        );
    }
    if fixed.bytes().any(|b| b.is_ascii_uppercase()) {
        return refuse("has upper-case letters", "write the host in lower case");
    }
    if is_address(fixed) {
        return refuse("is an address of numbers", "write the host's name");
    }
    if !is_host(fixed) {
        return refuse("has no host name", "write a name with a dot, e.g. https://api.example.com");
    }
    if (filled || of_region) && !is_registrable(fixed) {
        return refuse(
            "leaves the whole domain open",
            "write a domain of the provider after the field, e.g. {field}.example.com",
        );
    }
    Ok(())
}

fn subdomain(text: &str, field: &str, suffix: &str, subdomains: &[Subdomain<'_>]) -> Result<(), Refusal> {
    let declared: Vec<&str> =
        subdomains.iter().filter(|(id, _)| *id == field).map(|(_, suffix)| suffix.unwrap_or_default()).collect();
    if declared.is_empty() {
        return Err((
            format!("{text:?} takes its first label from {field:?}, which is no field of type subdomain"),
            format!("write an [[auth.field]] with id = {field:?}, type = \"subdomain\" and suffix = {suffix:?}"),
        ));
    }
    let written = suffix.split(':').next().unwrap_or_default();
    if !declared.contains(&written) {
        return Err((
            format!("{text:?} goes on with {written:?}, but the field {field:?} with {:?}", declared.join(", ")),
            format!("write {:?} after the field, or change the field's suffix", declared.join(" or ")),
        ));
    }
    Ok(())
}

/// Whether `text` is one label of a host name, in lower case.
pub(super) fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether `text` is a host name of at least two labels.
pub(super) fn is_host(text: &str) -> bool {
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// Whether somebody could own it: not a top-level domain, nor one of the usual kinds below a country's.
pub(super) fn is_registrable(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    match labels.as_slice() {
        [second, top] => {
            let kind = ["ac", "co", "com", "edu", "gov", "net", "or", "org"].contains(second);
            is_host(text) && !(kind && top.len() == 2)
        }
        [_, _, ..] => is_host(text),
        _ => false,
    }
}

/// Whether a resolver or a URL parser could read it as an IP address.
pub(super) fn is_address(text: &str) -> bool {
    let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let number = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    let hexadecimal = last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    text.starts_with('[') || text.contains(':') || number || hexadecimal
}
