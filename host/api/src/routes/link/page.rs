//! The frame of every page, and the headers that keep it from being abused.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html as HtmlAnswer, IntoResponse, Response},
};
use patchbay_app::Sender;

use super::{
    brand,
    html::{Html, fill, html},
    script, style,
    texts::Texts,
};

/// What comes from this host's own files, no frame, nothing from elsewhere. No `form-action`: a browser applies it to
/// the redirect after the form, which leads to the provider or to the tenant's application.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; style-src 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Where a person is on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Which step it is.
    pub(super) at: usize,
    /// How many there are.
    pub(super) of: usize,
}

/// A page.
pub(super) struct Page<'t> {
    /// Its texts.
    pub(super) texts: &'t Texts,
    /// Who asks, where this browser may know.
    pub(super) sender: Option<&'t Sender>,
    /// Which of the steps it is.
    pub(super) step: Option<Step>,
    /// Its heading, and what the browser's tab says.
    pub(super) title: Html,
    /// What stands below the heading.
    pub(super) body: Html,
    /// Whether the window has done what it was opened for, and may close itself.
    pub(super) over: bool,
}

impl<'t> Page<'t> {
    /// A page of the way, with the brand of whoever asks.
    pub(super) fn of(texts: &'t Texts, sender: &'t Sender, step: Option<Step>, title: Html, body: Html) -> Self {
        Self { texts, sender: Some(sender), step, title, body, over: false }
    }

    /// A page that nobody in particular asks for.
    pub(super) fn plain(texts: &'t Texts, title: Html, body: Html) -> Self {
        Self { texts, sender: None, step: None, title, body, over: false }
    }

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
        // The provider's pages, opened from here, can neither see this window nor lead it elsewhere.
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.texts.language.as_str()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language, Cookie"));
        response
    }

    pub(super) fn markup(&self) -> String {
        let (sheet, head) = match self.sender {
            Some(sender) => (brand::sheet(&sender.brand), brand::head(&sender.brand)),
            None => (Html::none(), Html::none()),
        };
        let page = html!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">\
             <title>{}</title><link rel=\"stylesheet\" href=\"{}\">{}<script src=\"{}\" defer></script></head>\
             <body{}>{}<main>{}<h1>{}</h1>{}</main>{}</body></html>\n",
            self.texts.language.as_str(),
            self.title,
            *style::ADDRESS,
            sheet,
            *script::ADDRESS,
            if self.over { html!(" data-window=\"over\"") } else { Html::none() },
            head,
            self.progress(),
            self.title,
            self.body,
            self.way_out(),
        );
        page.as_str().to_owned()
    }

    /// The step in words, and as a bar for those who look.
    fn progress(&self) -> Html {
        let Some(Step { at, of }) = self.step else { return Html::none() };
        let words = fill(self.texts.step, &[("step", &at.to_string()), ("steps", &of.to_string())]);
        let bar: Html =
            (1..=of).map(|one| if one <= at { html!("<i class=\"on\"></i>") } else { html!("<i></i>") }).collect();
        html!("<div class=\"steps\"><p>{}</p><div class=\"bar\" aria-hidden=\"true\">{}</div></div>", words, bar)
    }

    /// The way back for whoever does not want to go on: while there are steps left.
    fn way_out(&self) -> Html {
        match (self.step, self.sender.and_then(|sender| Some((sender, sender.back.as_ref()?)))) {
            (Some(_), Some((sender, back))) => html!(
                "<footer><a href=\"{}\">{}</a></footer>",
                back.as_str(),
                fill(self.texts.leave, &[("tenant", &sender.brand.name)])
            ),
            _ => Html::none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;
    use crate::routes::link::samples;

    fn shown(language: Language, read: impl FnOnce(Page<'_>)) {
        let sender = samples::sender();
        let step = Some(Step { at: 2, of: 4 });
        read(Page::of(Texts::of(language), &sender, step, Html::text("<T>"), html!("<p>{}</p>", "<b>")));
    }

    #[test]
    fn a_page_runs_no_script_but_its_own_and_stands_in_no_frame() {
        let check = |response: Response| {
            let headers = response.headers();
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("a policy");
            for part in [
                "default-src 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "style-src 'self'",
                "script-src 'self'",
                "connect-src 'self'",
                "img-src 'self'",
            ] {
                assert!(policy.split("; ").any(|one| one == part), "{policy}");
            }
            for power in ["unsafe", "data:", "*", "http", "blob:"] {
                assert!(!policy.contains(power), "{policy}");
            }
            assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
            assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
            assert_eq!(headers[header::CACHE_CONTROL], "no-store");
            assert!(["no-referrer", "same-origin"].iter().any(|policy| headers[header::REFERRER_POLICY] == *policy));
        };
        shown(Language::En, |page| check(page.answer(StatusCode::OK)));
        shown(Language::En, |page| check(page.answer_with_form(StatusCode::OK)));
        check(Page::plain(Texts::of(Language::En), Html::text("T"), Html::none()).answer(StatusCode::NOT_FOUND));
    }

    #[test]
    fn a_page_says_its_language_its_step_and_who_asks() {
        for language in Language::ALL {
            shown(language, |page| {
                let markup = page.markup();
                assert!(markup.contains(&format!("<html lang=\"{}\">", language.as_str())), "{markup}");
                assert!(markup.contains("<title>&lt;T&gt;</title>"), "{markup}");
                assert_eq!(markup.matches("<i class=\"on\">").count(), 2, "{markup}");
                assert!(markup.contains("/brand/accent-1f5fd6.css"), "{markup}");
                let response = page.answer(StatusCode::OK);
                assert_eq!(response.headers()[header::CONTENT_LANGUAGE], language.as_str());
            });
        }
    }

    #[test]
    fn the_way_back_stands_on_the_way_and_not_at_its_end() {
        shown(Language::En, |mut page| {
            assert!(page.markup().contains("<footer><a href=\"https://app.example.com/back?session=ses_1\">"));
            page.step = None;
            assert!(!page.markup().contains("<footer>"));
        });
    }
}
