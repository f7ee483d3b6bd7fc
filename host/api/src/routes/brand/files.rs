//! `GET /brand/{file}`: logos and colours of tenants, for everybody.
//!
//! Each address says what is behind it (the digest of a picture, the digits of a colour), so that it may be kept for
//! ever, and tells nobody whose it is. What tenants upload is hostile: it is served as what its bytes are, and where
//! somebody opens it by itself, its policy lets it do nothing.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use patchbay_app::{Accent, Logo, LogoKind};
use patchbay_model::{Code, Fault};

use crate::{Api, problem::Problem};

/// Where they stand.
pub(crate) const PATH: &str = "/brand/{file}";

/// A picture draws itself with the styles that stand in it; nothing else.
const PICTURE: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'";
const KEPT: &str = "public, max-age=31536000, immutable";

/// The address of a logo.
pub(crate) fn logo_address(logo: &Logo) -> String {
    format!("/brand/{}.{}", logo.digest, logo.kind.extension())
}

/// The address of the sheet with a colour.
pub(crate) fn sheet_address(accent: Accent) -> String {
    format!("/brand/accent-{}.css", accent.to_string().trim_start_matches('#'))
}

/// `GET /brand/{file}`
pub(crate) async fn show(State(api): State<Api>, Path(file): Path<String>) -> Response {
    if let Some(accent) = sheet_of(&file) {
        let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
        return ([kind, (header::CACHE_CONTROL, KEPT)], sheet(accent)).into_response();
    }
    let found = async {
        let logo = logo_of(&file).ok_or_else(|| Fault::new(Code::NotFound))?;
        Ok::<_, Fault>((logo.kind, api.app.brand_logo(&logo).await?))
    };
    match found.await {
        Ok((kind, bytes)) => picture(kind.media_type(), bytes),
        Err(fault) => Problem(fault).into_response(),
    }
}

/// A picture of somebody else's making, as an answer.
pub(crate) fn picture(media_type: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, PICTURE),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, KEPT),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn logo_of(file: &str) -> Option<Logo> {
    let (digest, extension) = file.split_once('.')?;
    let plain = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    let kind = LogoKind::of(extension)?;
    plain.then(|| Logo { digest: digest.to_owned(), kind })
}

fn sheet_of(file: &str) -> Option<Accent> {
    let digits = file.strip_prefix("accent-")?.strip_suffix(".css")?;
    Accent::read(&format!("#{digits}")).filter(|accent| accent.to_string().ends_with(digits))
}

/// The colour, the colour of text on it, and the colour as text on the page.
fn sheet(accent: Accent) -> String {
    let [light, dark] = accent.inks();
    format!(
        ":root{{--accent:{accent};--accent-text:{};--accent-ink:light-dark({light},{dark});--focus:light-dark({light},{dark})}}\n",
        accent.text()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_digest_or_a_colour_and_nothing_else() {
        let digest = "0a".repeat(32);
        let logo = logo_of(&format!("{digest}.png")).expect("a logo");
        assert_eq!(logo_address(&logo), format!("/brand/{digest}.png"));
        let accent = sheet_of("accent-1f5fd6.css").expect("a colour");
        assert_eq!(sheet_address(accent), "/brand/accent-1f5fd6.css");
        for file in ["", ".svg", "0a.svg", &format!("{digest}.gif"), &format!("{}.svg", digest.to_uppercase())] {
            assert!(logo_of(file).is_none(), "{file}");
        }
        for file in ["accent-.css", "accent-1F5FD6.css", "accent-red.css", "accent-1f5fd6};*{x.css", "1f5fd6.css"] {
            assert!(sheet_of(file).is_none(), "{file}");
        }
    }

    #[test]
    fn a_sheet_sets_colours_that_can_be_read() {
        let sheet = sheet(Accent::read("#ffe000").expect("a colour"));
        assert!(sheet.starts_with(":root{--accent:#ffe000;--accent-text:#000000;--accent-ink:light-dark(#"), "{sheet}");
        assert!(sheet.ends_with("}\n") && sheet.matches(['{', '}']).count() == 2, "{sheet}");
    }

    #[test]
    fn a_picture_can_do_nothing_where_it_is_opened_by_itself() {
        let response = picture("image/svg+xml", b"<svg/>".to_vec());
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("a policy");
        assert!(policy.starts_with("sandbox; default-src 'none'") && !policy.contains("script"), "{policy}");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "image/svg+xml");
    }
}
