//! The journey's own texts, in each language that it speaks. What a connector's publisher wrote stays in
//! the language in which it was written.
//!
//! A text with a `{name}` is filled by [`fill`](super::html::fill). One struct for each language: a text
//! that is missing in one does not compile.

mod en;
mod nl;
mod pl;

use patchbay_app::Language;
use patchbay_model::manifest::Category;

macro_rules! texts {
    ($($name:ident,)*) => {
        /// All texts of one language.
        pub(super) struct Texts {
            /// Which one.
            pub(super) language: Language,
            $(pub(super) $name: &'static str,)*
        }

        #[cfg(test)]
        impl Texts {
            /// Each with its name.
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

texts! {
    step,
    // Who asks.
    landing_title, landing_asks, landing_next, landing_choose, landing_review, landing_login, landing_confirm,
    start, minutes_left,
    // On several pages.
    leave, back, next, busy, close_title,
    // Which software.
    choose_title, choose_nothing, search, search_button, search_found, search_none, search_all,
    accounting, communication, marketing, productivity, sales_crm,
    // What is needed.
    before_needs, before_guides, guide_share, guide_for, guide_absent_title, guide_absent,
    // Who gets what is connected.
    recipient, recipient_user,
    // What is shared, and the form.
    shared_title, shared_more,
    review_title, review_before, review_reads, review_writes, review_asks, review_reaches, review_other,
    logins_title, login_chosen, fields_title, optional, select_choose,
    subdomain_help, origin_help, secret_help,
    away, away_note, here, here_note, no_pkce,
    errors_title, error, secrets_again, show, hide,
    // While the provider's pages have a window of their own.
    waiting_title, waiting_text, waiting_now, waiting_again, waiting_over, window_done, window_on, window_here,
    // What was connected.
    confirm_title, confirm_text, confirm_waits, confirm_renewed, done_title, done_text,
    label_provider, label_business, label_login, label_accounts, finish, go_back, close,
    // What went wrong.
    trouble_title, trouble_last, trouble_again, trouble_code,
    link_what, link_do, lost_what, lost_do, consent_what, consent_do, refused_what, refused_do,
    permission_what, permission_do, account_what, account_do, address_what, address_do, input_what, input_do,
    operator_what, operator_do, provider_what, provider_do, general_what, general_do,
}

impl Texts {
    /// The texts of a language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &en::TEXTS,
            Language::Nl => &nl::TEXTS,
            Language::Pl => &pl::TEXTS,
        }
    }

    /// What a category is called.
    pub(super) fn category(&self, category: Category) -> &'static str {
        match category {
            Category::Accounting => self.accounting,
            Category::Communication => self.communication,
            Category::Marketing => self.marketing,
            Category::Productivity => self.productivity,
            Category::SalesCrm => self.sales_crm,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).map(|part| part.split('}').next().unwrap_or_default()).collect()
    }

    #[test]
    fn every_language_says_everything_and_fills_the_same_places() {
        let english = Texts::of(Language::En).all();
        for language in Language::ALL {
            let texts = Texts::of(language);
            assert_eq!(texts.language, language);
            for ((name, text), (_, known)) in texts.all().into_iter().zip(&english) {
                assert!(!text.trim().is_empty(), "{name} in {}", language.as_str());
                assert_eq!(places(text), places(known), "{name} in {}", language.as_str());
                assert_eq!(text.matches('{').count(), text.matches('}').count(), "{name}");
                assert!(!text.contains(['<', '>', '!']), "{name}: {text}");
            }
        }
    }

    #[test]
    fn a_language_is_not_another_one_copied() {
        let english = Texts::of(Language::En).all();
        for language in [Language::Nl, Language::Pl] {
            let all = Texts::of(language).all();
            let same: Vec<_> =
                all.iter().zip(&english).filter(|(one, other)| one == other).map(|(one, _)| one.0).collect();
            // "Marketing" and "Accounts"-like words may be the same; sentences are not.
            assert!(same.len() <= 3, "{}: {same:?}", language.as_str());
        }
    }
}
