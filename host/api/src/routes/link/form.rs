//! The form of a login: one control for each field that the manifest declares, with what was typed, what is
//! wrong and how to put it. A secret is never written into a page, not even back to whoever typed it.

use std::collections::BTreeMap;

use patchbay_model::{
    Fault,
    manifest::{Field, FieldKind},
};

use super::{
    html::{Html, fill, html},
    texts::Texts,
};

/// Where a field stands in a fault.
const POINTER: &str = "/fields/";

/// What was typed and what is wrong with it.
#[derive(Default)]
pub(super) struct Typed {
    /// The fields that are no secrets, by id.
    values: BTreeMap<String, String>,
    /// What is wrong, by field.
    errors: BTreeMap<String, String>,
    /// Whether something was sent.
    sent: bool,
}

impl Typed {
    /// What to show again after a login that did not work.
    pub(super) fn of(fields: &[Field], values: &BTreeMap<String, String>, fault: &Fault) -> Self {
        let errors = fault.fields.iter().filter_map(|error| {
            let id = error.pointer.strip_prefix(POINTER)?;
            fields.iter().any(|field| field.id == id).then(|| (id.to_owned(), error.message.clone()))
        });
        Self { values: without_secrets(fields, values), errors: errors.collect(), sent: true }
    }

    /// What is wrong, each with a link to its field.
    pub(super) fn summary(&self, fields: &[Field]) -> Html {
        let items: Html = fields
            .iter()
            .filter_map(|field| {
                let error = self.errors.get(&field.id)?;
                Some(html!(
                    "<li><a href=\"#field-{}\">{}</a>: <span lang=\"en\">{}</span></li>",
                    field.id,
                    field.label,
                    error
                ))
            })
            .collect();
        if items.is_empty() { Html::none() } else { html!("<ul>{}</ul>", items) }
    }

    /// Whether secrets have to be entered again.
    pub(super) fn lost_secrets(&self, fields: &[Field]) -> bool {
        self.sent && fields.iter().any(|field| field.kind == FieldKind::Secret)
    }
}

/// What was typed into fields that are declared and are no secrets.
pub(super) fn without_secrets(fields: &[Field], values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = fields.iter().filter(|field| field.kind != FieldKind::Secret);
    shown.filter_map(|field| Some((field.id.clone(), values.get(&field.id)?.clone()))).collect()
}

/// All controls, in the manifest's order.
pub(super) fn controls(texts: &Texts, fields: &[Field], typed: &Typed) -> Html {
    fields.iter().map(|field| control(texts, field, typed)).collect()
}

fn control(texts: &Texts, field: &Field, typed: &Typed) -> Html {
    let value = typed.values.get(&field.id).map_or("", String::as_str);
    let error = typed.errors.get(&field.id);
    let optional = if field.optional { html!(" <span>({})</span>", texts.optional) } else { Html::none() };
    let help = help(texts, field);
    let below = match &help {
        Some(help) => html!("<p class=\"help\" id=\"help-{}\">{}</p>", field.id, help),
        None => Html::none(),
    };
    let wrong = match error {
        Some(error) => {
            html!("<p class=\"error\" id=\"error-{}\">{} <span lang=\"en\">{}</span></p>", field.id, texts.error, error)
        }
        None => Html::none(),
    };
    let control = match field.kind {
        FieldKind::Select => select(texts, field, value, attributes(field, help.is_some(), error.is_some())),
        _ => input(texts, field, value, attributes(field, help.is_some(), error.is_some())),
    };
    html!(
        "<div class=\"field\"><label for=\"field-{}\">{}{}</label>{}{}{}</div>",
        field.id,
        field.label,
        optional,
        control,
        below,
        wrong
    )
}

/// What every control has: its name, whether it may be empty, and what describes it.
fn attributes(field: &Field, helped: bool, wrong: bool) -> Html {
    let required = if field.optional { Html::none() } else { html!(" required") };
    let described = match (helped, wrong) {
        (false, false) => Html::none(),
        (true, false) => html!(" aria-describedby=\"help-{}\"", field.id),
        (false, true) => html!(" aria-describedby=\"error-{}\" aria-invalid=\"true\"", field.id),
        (true, true) => html!(" aria-describedby=\"error-{} help-{}\" aria-invalid=\"true\"", field.id, field.id),
    };
    html!(" id=\"field-{}\" name=\"{}\"{}{}", field.id, field.id, required, described)
}

fn input(texts: &Texts, field: &Field, value: &str, attributes: Html) -> Html {
    // Pasted addresses are reduced first, so their pattern is not the browser's to check.
    let pattern = match (&field.pattern, field.kind) {
        (Some(pattern), FieldKind::Text | FieldKind::Secret) => {
            html!(" pattern=\"{}\" title=\"{}\"", pattern, field.help.as_ref().unwrap_or(&field.label))
        }
        _ => Html::none(),
    };
    let plain = html!(" autocomplete=\"off\" autocapitalize=\"off\" spellcheck=\"false\" value=\"{}\"", value);
    match field.kind {
        FieldKind::Secret => html!(
            "<div class=\"secret\"><input type=\"password\" autocomplete=\"off\"{}{} data-show=\"{}\" data-hide=\"{}\"></div>",
            attributes,
            pattern,
            texts.show,
            texts.hide
        ),
        FieldKind::Date => html!("<input type=\"date\"{} value=\"{}\">", attributes, value),
        FieldKind::Origin => html!("<input type=\"text\" inputmode=\"url\"{}{}>", attributes, plain),
        FieldKind::Subdomain => html!(
            "<div class=\"with-suffix\"><input type=\"text\"{}{}><span>{}</span></div>",
            attributes,
            plain,
            field.suffix.as_deref().unwrap_or_default()
        ),
        FieldKind::Text | FieldKind::Select => html!("<input type=\"text\"{}{}{}>", attributes, pattern, plain),
    }
}

fn select(texts: &Texts, field: &Field, value: &str, attributes: Html) -> Html {
    let options: Html = field
        .options
        .iter()
        .map(|option| {
            let chosen = if option == value { html!(" selected") } else { Html::none() };
            html!("<option value=\"{}\"{}>{}</option>", option, chosen, option)
        })
        .collect();
    html!("<select{}><option value=\"\">{}</option>{}</select>", attributes, texts.select_choose, options)
}

/// How to enter it: the publisher's words, then what the type of the field asks for.
fn help(texts: &Texts, field: &Field) -> Option<Html> {
    let own = field.help.as_deref().map(Html::text);
    let general = match field.kind {
        FieldKind::Text | FieldKind::Select | FieldKind::Date => None,
        FieldKind::Secret => Some(Html::text(texts.secret_help)),
        FieldKind::Origin => Some(Html::text(texts.origin_help)),
        FieldKind::Subdomain => {
            let suffix = field.suffix.as_deref()?;
            Some(fill(texts.subdomain_help, &[("suffix", suffix)]))
        }
    };
    match (own, general) {
        (Some(own), Some(general)) => Some(html!("{} {}", own, general)),
        (own, general) => own.or(general),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;
    use patchbay_model::Code;

    use super::*;
    use crate::routes::link::samples::{self, NASTY};

    fn typed(pairs: &[(&str, &str)], wrong: &[&str]) -> (Vec<Field>, Typed) {
        let fields = samples::fields();
        let values: BTreeMap<_, _> = pairs.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect();
        let fault = wrong.iter().fold(Fault::new(Code::FieldInvalid), |fault, id| {
            fault.field(format!("/fields/{id}"), format!("{id} is wrong: {NASTY}"))
        });
        let typed = Typed::of(&fields, &values, &fault);
        (fields, typed)
    }

    fn shown(pairs: &[(&str, &str)], wrong: &[&str]) -> String {
        let (fields, typed) = typed(pairs, wrong);
        let markup = html!("{}{}", typed.summary(&fields), controls(Texts::of(Language::En), &fields, &typed));
        markup.as_str().to_owned()
    }

    #[test]
    fn every_field_has_a_label_and_its_own_kind_of_control() {
        let page = shown(&[], &[]);
        for field in samples::fields() {
            assert!(page.contains(&format!("<label for=\"field-{}\">", field.id)), "{}", field.id);
            assert_eq!(page.matches(&format!(" name=\"{}\"", field.id)).count(), 1, "{}", field.id);
        }
        assert!(page.contains("<input type=\"password\" autocomplete=\"off\" id=\"field-key\""), "{page}");
        assert!(page.contains("<input type=\"date\" id=\"field-since\""), "{page}");
        assert!(page.contains("<select id=\"field-region\""), "{page}");
        assert!(page.contains("<span>.books.example</span>"), "{page}");
        assert!(page.contains(" pattern=\"[a-z]+\""), "{page}");
        assert!(page.contains("<span>(optional)</span>"), "{page}");
    }

    #[test]
    fn what_was_typed_is_kept_and_a_secret_never_is() {
        let canary = "canary-0123456789abcdef";
        let page =
            shown(&[("firm", "acme & <co>"), ("key", canary), ("region", "eu"), ("other", canary)], &["key", "firm"]);
        assert!(page.contains("value=\"acme &amp; &lt;co&gt;\""), "{page}");
        assert!(page.contains("<option value=\"eu\" selected>"), "{page}");
        assert!(!page.contains(canary), "{page}");
        assert!(
            !page
                .split("type=\"password\"")
                .nth(1)
                .unwrap_or_default()
                .split('>')
                .next()
                .unwrap_or_default()
                .contains("value=")
        );
        let (fields, typed) = typed(&[("key", canary)], &[]);
        assert!(typed.values.is_empty(), "a secret is not even kept for the page");
        assert!(typed.lost_secrets(&fields) && !Typed::default().lost_secrets(&fields));
    }

    #[test]
    fn an_error_stands_at_its_field_and_is_tied_to_it() {
        let page = shown(&[], &["key", "firm", "unknown"]);
        assert!(page.contains("aria-describedby=\"error-key help-key\" aria-invalid=\"true\""), "{page}");
        assert!(page.contains("<p class=\"error\" id=\"error-firm\">Error: "), "{page}");
        assert!(page.contains("<a href=\"#field-key\">"), "{page}");
        assert!(!page.contains("unknown is wrong"), "{page}");
        assert!(!page.contains("<img"), "{page}");
        assert_eq!(page.matches("aria-invalid").count(), 2);
    }

    #[test]
    fn the_words_of_a_manifest_cannot_bring_markup_in() {
        let mut field = samples::fields().remove(0);
        for part in [&mut field.id, &mut field.label] {
            *part = NASTY.to_owned();
        }
        for part in [&mut field.help, &mut field.pattern, &mut field.suffix] {
            *part = Some(NASTY.to_owned());
        }
        field.options = vec![NASTY.to_owned()];
        for kind in [
            FieldKind::Text,
            FieldKind::Secret,
            FieldKind::Select,
            FieldKind::Subdomain,
            FieldKind::Date,
            FieldKind::Origin,
        ] {
            field.kind = kind;
            let fields = [field.clone()];
            let values = BTreeMap::from([(NASTY.to_owned(), NASTY.to_owned())]);
            let fault = Fault::new(Code::FieldInvalid).field(format!("/fields/{NASTY}"), NASTY);
            let typed = Typed::of(&fields, &values, &fault);
            let page = html!("{}{}", typed.summary(&fields), controls(Texts::of(Language::Pl), &fields, &typed));
            assert!(!page.as_str().contains("<img") && !page.as_str().contains("onerror='"), "{page:?}");
        }
    }
}
