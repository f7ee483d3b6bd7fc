//! Who gets what is connected, in one sentence above every button that leads to it.
//!
//! A link can be made by anybody who is a tenant, and sent to anybody; one of the portal signs its browser in, too. Whoever
//! opens it would connect an account of their own for the sender. The brand at the top of a page says who that is in the
//! words of the sender, who may call itself as it likes. So this says it in the words of the operator, who registered the
//! sender, and names the user for whom it is.

use patchbay_app::Sender;

use super::{
    html::{Html, fill_apart, html},
    texts::Texts,
};

/// The sentence.
pub(super) fn said(texts: &Texts, sender: &Sender) -> Html {
    let tenant = ("tenant", sender.tenant.as_str());
    let said = match &sender.user {
        Some(user) => fill_apart(texts.recipient_user, &[tenant, ("user", user)]),
        None => fill_apart(texts.recipient, &[tenant]),
    };
    html!("<p class=\"recipient\">{}</p>", said)
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;
    use crate::routes::link::samples::{self, NASTY};

    fn sentence(language: Language, change: impl FnOnce(&mut Sender)) -> String {
        let mut sender = samples::sender();
        change(&mut sender);
        said(Texts::of(language), &sender).as_str().to_owned()
    }

    #[test]
    fn it_names_whom_the_operator_registered_and_for_which_user() {
        for language in Language::ALL {
            let told = sentence(language, |sender| "Your own bank".clone_into(&mut sender.brand.name));
            for name in ["Kantoor Vos &lt;V&gt; BV", "Els &lt;E&gt; (user-4711)"] {
                assert!(told.contains(&format!("<strong><bdi>{name}</bdi></strong>")), "{name} in {told}");
            }
            assert!(!told.contains("bank"), "what the tenant calls itself is not enough: {told}");
        }
    }

    #[test]
    fn a_session_for_nobody_in_particular_names_the_tenant_alone() {
        let told = sentence(Language::En, |sender| sender.user = None);
        assert!(told.contains("Kantoor Vos") && !told.contains("user"), "{told}");
    }

    #[test]
    fn a_name_is_text_and_turns_no_words_around_it() {
        let told = sentence(Language::Pl, |sender| {
            sender.user = Some(format!("{NASTY}\u{202e}"));
            NASTY.clone_into(&mut sender.tenant);
        });
        assert!(!told.contains("<img") && told.contains("\u{202e}</bdi>"), "{told}");
    }
}
