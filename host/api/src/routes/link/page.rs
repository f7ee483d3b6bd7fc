//! The frame of every page, and the headers that keep it from being abused.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html as HtmlAnswer, IntoResponse, Response},
};

use super::{
    html::{Html, fill, html},
    style,
    texts::Texts,
};

/// No script, no frame, nothing from elsewhere. No `form-action`: a browser applies it to the redirect after
/// the form, which leads to the provider or to the tenant's application.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Steps that a person takes: choose, review and log in, confirm.
const STEPS: &str = "3";

/// A page.
pub(super) struct Page<'t> {
    /// Its texts.
    pub(super) texts: &'t Texts,
    /// Which of the steps it is.
    pub(super) step: Option<&'static str>,
    /// Its heading, and what the browser's tab says.
    pub(super) title: Html,
    /// What stands below the heading.
    pub(super) body: Html,
}

impl Page<'_> {
    /// The page as an answer that has no form: its address is told to nobody.
    pub(super) fn answer(self, status: StatusCode) -> Response {
        self.with_referrer(status, "no-referrer")
    }

    /// The page as an answer that has a form. `no-referrer` would make older browsers send `Origin: null`
    /// with it, which the check of forms refuses; `same-origin` tells other hosts just as little.
    pub(super) fn answer_with_form(self, status: StatusCode) -> Response {
        self.with_referrer(status, "same-origin")
    }

    fn with_referrer(self, status: StatusCode, referrer: &'static str) -> Response {
        let mut response = (status, HtmlAnswer(self.markup())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(referrer));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.texts.language.as_str()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language, Cookie"));
        response
    }

    pub(super) fn markup(&self) -> String {
        let step = match self.step {
            Some(step) => html!("<p class=\"step\">{}</p>", fill(self.texts.step, &[("step", step), ("steps", STEPS)])),
            None => Html::none(),
        };
        let page = html!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">\
             <title>{}</title><link rel=\"stylesheet\" href=\"{}\"></head>\
             <body><main>{}<h1>{}</h1>{}</main></body></html>\n",
            self.texts.language.as_str(),
            self.title,
            style::ADDRESS,
            step,
            self.title,
            self.body,
        );
        page.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;

    fn page(language: Language) -> Page<'static> {
        Page { texts: Texts::of(language), step: Some("2"), title: Html::text("<T>"), body: html!("<p>{}</p>", "<b>") }
    }

    #[test]
    fn a_page_runs_no_script_and_stands_in_no_frame() {
        for response in [page(Language::En).answer(StatusCode::OK), page(Language::En).answer_with_form(StatusCode::OK)]
        {
            let headers = response.headers();
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("a policy");
            for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self'"] {
                assert!(policy.contains(part), "{policy}");
            }
            for power in ["script", "unsafe", "data:", "*", "http"] {
                assert!(!policy.contains(power), "{policy}");
            }
            assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
            assert_eq!(headers[header::CACHE_CONTROL], "no-store");
            assert!(["no-referrer", "same-origin"].iter().any(|policy| headers[header::REFERRER_POLICY] == *policy));
        }
    }

    #[test]
    fn a_page_says_its_language() {
        for language in Language::ALL {
            let markup = page(language).markup();
            assert!(markup.contains(&format!("<html lang=\"{}\">", language.as_str())), "{markup}");
            let response = page(language).answer(StatusCode::OK);
            assert_eq!(response.headers()[header::CONTENT_LANGUAGE], language.as_str());
        }
        assert!(page(Language::En).markup().contains("<title>&lt;T&gt;</title>"));
    }
}
