//! Which compressions a request takes (`Accept-Encoding`, RFC 9110, 12.5.3).

use axum::http::{HeaderMap, header};

/// Of those that files are kept in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) brotli: bool,
    pub(super) gzip: bool,
}

/// What the headers say; nothing said, nothing accepted.
pub(super) fn accepted(headers: &HeaderMap) -> Accepted {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let codings = values.flat_map(|value| value.split(','));
    let (mut named, mut others) = ([None, None], false);
    for coding in codings {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let taken = parts.all(|part| !refuses(part));
        match name.to_ascii_lowercase().as_str() {
            "br" => named[0] = Some(taken),
            "gzip" | "x-gzip" => named[1] = Some(taken),
            "*" => others = taken,
            _ => {}
        }
    }
    let [brotli, gzip] = named.map(|said| said.unwrap_or(others));
    Accepted { brotli, gzip }
}

/// Whether a parameter is a weight of nothing: `q=0`, `q=0.000`.
fn refuses(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.trim().parse().is_ok_and(|weight: f32| weight <= 0.0))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_compression_is_used_where_it_is_taken_and_not_where_it_is_refused() {
        for (said, brotli, gzip) in [
            ("", false, false),
            ("gzip, deflate, br, zstd", true, true),
            ("GZIP", false, true),
            ("br;q=0, gzip;q=0.5", false, true),
            ("br;q=0.000", false, false),
            ("*", true, true),
            ("*;q=0, br", true, false),
            ("gzip;q=0, *", true, false),
            ("identity", false, false),
            ("brotli, xgzip", false, false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(said))]);
            assert_eq!(accepted(&headers), Accepted { brotli, gzip }, "{said}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Accepted::default());
    }
}
