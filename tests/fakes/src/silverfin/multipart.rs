//! `multipart/form-data` (RFC 7578), read strictly: a wrong line end or boundary is refused.

use crate::exchange::Incoming;

/// One part of the form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content: &'a [u8],
}

/// What the headers of a part say.
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) media_type: Option<String>,
}

/// The parts of a request's body.
pub(crate) fn parts(request: &Incoming) -> Result<Vec<Part<'_>>, String> {
    let boundary = boundary(request.header("content-type").unwrap_or_default())?;
    split(&request.body, boundary)
}

/// The boundary that a `Content-Type` says.
pub(crate) fn boundary(content_type: &str) -> Result<&str, String> {
    let mut values = content_type
        .split(';')
        .filter_map(|param| param.trim().strip_prefix("boundary="))
        .map(|value| value.trim_matches('"'));
    let boundary = values.find(|value| (1..=70).contains(&value.len()));
    boundary.ok_or_else(|| "content-type has no boundary of 1 to 70 characters".to_owned())
}

fn split<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, String> {
    let first = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(first.as_bytes()).ok_or("the body does not start with the boundary")?;
    let mut parts = Vec::new();
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            return match end {
                b"" | b"\r\n" => Ok(parts),
                _ => Err("there is more after the last boundary".to_owned()),
            };
        }
        rest = rest.strip_prefix(b"\r\n").ok_or("a boundary is not followed by CR LF")?;
        let (part, after) = cut(rest, between.as_bytes()).ok_or("the last boundary is missing")?;
        parts.push(read(part)?);
        rest = after;
    }
}

fn read(part: &[u8]) -> Result<Part<'_>, String> {
    let (before, content) = cut(part, b"\r\n\r\n").ok_or("a part has no empty line after its headers")?;
    let Head { name, filename, .. } = head(before)?;
    Ok(Part { name, filename, content })
}

/// Reads the headers of a part, without the empty line after them.
pub(crate) fn head(head: &[u8]) -> Result<Head, String> {
    let head = str::from_utf8(head).map_err(|_| "a part's headers are not UTF-8")?;
    let (mut disposition, mut media_type) = (None, None);
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("{line:?} is no header of a part"))?;
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" => disposition = Some(value.trim()),
            "content-type" => media_type = Some(value.trim().to_owned()),
            other => return Err(format!("a part's header {other:?} is not allowed by RFC 7578")),
        }
    }
    let rest = disposition.and_then(|value| value.strip_prefix("form-data")).ok_or("a part is no form-data")?;
    let name = quoted(rest, "name").ok_or("a part has no name")?;
    Ok(Head { name, filename: quoted(rest, "filename"), media_type })
}

/// The quoted value of a parameter; `%22`, `%0D` and `%0A` stand for what cannot be in it.
fn quoted(params: &str, name: &str) -> Option<String> {
    let (_, after) = params.split_once(&format!("; {name}=\""))?;
    let (value, _) = after.split_once('"')?;
    Some(value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"))
}

fn cut<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    let (before, rest) = bytes.split_at_checked(found)?;
    rest.get(at.len()..).map(|after| (before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_with_their_names_and_bytes() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nVerslag\r\n--b\r\n\
            Content-Disposition: form-data; name=\"f\"; filename=\"a%22.pdf\"\r\nContent-Type: application/pdf\r\n\r\n\
            \r\n--x\r\n--b--\r\n";
        let parts = split(body, "b").expect("a good form");
        assert_eq!(parts[0], Part { name: "text".to_owned(), filename: None, content: b"Verslag" });
        assert_eq!(parts[1].filename.as_deref(), Some("a\".pdf"));
        assert_eq!(parts[1].content, b"\r\n--x");
    }

    #[test]
    fn a_form_without_its_end_is_refused() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nVerslag\r\n--b\r\n";
        assert!(split(body, "b").is_err());
        assert!(split(b"--b\nContent-Disposition: form-data; name=\"text\"\n\nx\n--b--", "b").is_err());
    }
}
