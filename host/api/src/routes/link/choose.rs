//! The step in which a person chooses the software that they use.

use patchbay_app::{Choice, Journey};
use patchbay_model::{Fault, SessionId, manifest::Category};

use super::{
    before::before_address,
    html::{Html, fill, html},
    journey_address, logo,
    page::{Page, Step},
    texts::Texts,
    trouble,
};

/// Up to so many choices stand in one list; more are grouped.
const UNGROUPED: usize = 8;
/// Characters of a search that are looked at.
const SEARCHED: usize = 100;
/// Choosing, preparing, reviewing, connecting: what a choice leads to is not known before it is made.
const STEP: Option<Step> = Some(Step { at: 1, of: 4 });
/// Stands in the script's texts for what it fills in.
const FILLED: &str = "%";

const CATEGORIES: [Category; 5] =
    [Category::Accounting, Category::Communication, Category::Marketing, Category::Productivity, Category::SalesCrm];

/// The page.
pub(super) fn page<'t>(
    texts: &'t Texts,
    session: &SessionId,
    searched: &str,
    journey: &'t Journey,
    choices: &[Choice],
) -> Page<'t> {
    let title = Html::text(texts.choose_title);
    let notice = journey.trouble.map_or_else(Html::none, |code| {
        let said = trouble::said(texts, &Fault::new(code));
        html!("<div class=\"notice\" role=\"alert\"><h2>{}</h2>{}</div>", texts.trouble_last, said)
    });
    if choices.is_empty() {
        let nothing = fill(texts.choose_nothing, &[("tenant", &journey.sender.brand.name)]);
        return Page::of(texts, &journey.sender, STEP, title, html!("{}<p>{}</p>", notice, nothing));
    }
    let searched: String = searched.trim().chars().take(SEARCHED).collect();
    let found: Vec<&Choice> = choices.iter().filter(|choice| matches(choice, &searched)).collect();
    let search = if choices.len() > 1 { search(texts, session, &searched, found.len()) } else { Html::none() };
    let list = if found.len() > UNGROUPED { grouped(texts, session, &found) } else { list(session, &found) };
    Page::of(texts, &journey.sender, STEP, title, html!("{}{}{}", notice, search, list))
}

fn matches(choice: &Choice, searched: &str) -> bool {
    text_of(choice).contains(&searched.to_lowercase())
}

/// What a search looks at.
fn text_of(choice: &Choice) -> String {
    format!("{} {} {}", choice.name, choice.summary, choice.connector).to_lowercase()
}

fn search(texts: &Texts, session: &SessionId, searched: &str, found: usize) -> Html {
    let outcome = match (searched, found) {
        ("", _) => Html::none(),
        (_, 0) => fill(texts.search_none, &[("query", searched)]),
        _ => fill(texts.search_found, &[("count", &found.to_string())]),
    };
    let all = if searched.is_empty() {
        Html::none()
    } else {
        html!("<p><a href=\"{}\">{}</a></p>", journey_address(session), texts.search_all)
    };
    html!(
        "<form id=\"search\" class=\"search\" role=\"search\" method=\"get\" action=\"{}\"><label for=\"q\">{}</label>\
         <input id=\"q\" name=\"q\" type=\"search\" maxlength=\"100\" autocomplete=\"off\" value=\"{}\">\
         <button>{}</button></form><p id=\"found\" class=\"small\" role=\"status\" data-found=\"{}\" data-none=\"{}\">{}</p>{}",
        journey_address(session),
        texts.search,
        searched,
        texts.search_button,
        fill(texts.search_found, &[("count", FILLED)]),
        fill(texts.search_none, &[("query", FILLED)]),
        outcome,
        all
    )
}

fn grouped(texts: &Texts, session: &SessionId, found: &[&Choice]) -> Html {
    CATEGORIES
        .into_iter()
        .map(|category| {
            let of: Vec<&Choice> = found.iter().copied().filter(|choice| choice.category == category).collect();
            if of.is_empty() {
                return Html::none();
            }
            html!("<section data-group><h2>{}</h2>{}</section>", texts.category(category), list(session, &of))
        })
        .collect()
}

fn list(session: &SessionId, found: &[&Choice]) -> Html {
    if found.is_empty() {
        return Html::none();
    }
    let items: Html = found
        .iter()
        .map(|choice| {
            html!(
                "<li data-text=\"{}\"><a href=\"{}\">{}<span><strong>{}</strong><small>{}</small></span></a></li>",
                text_of(choice),
                before_address(session, &choice.connector),
                logo::mark(&choice.connector, choice.logo.as_deref(), &choice.name),
                choice.name,
                choice.summary
            )
        })
        .collect();
    html!("<ul class=\"choices\">{}</ul>", items)
}

#[cfg(test)]
mod tests {
    use patchbay_app::{Language, Stage};
    use patchbay_model::Code;

    use super::*;
    use crate::routes::link::samples::{self, NASTY};

    fn shown(count: usize, searched: &str, trouble: Option<Code>) -> String {
        let choices = samples::choices(count);
        let mut journey = samples::journey(Stage::Choose(Vec::new()));
        journey.trouble = trouble;
        let page = page(Texts::of(Language::En), &samples::session(), searched, &journey, &choices);
        page.body.as_str().to_owned()
    }

    #[test]
    fn a_search_narrows_the_list_whatever_its_case_and_says_when_nothing_is_left() {
        assert!(shown(3, "", None).matches("<li ").count() == 3);
        let one = shown(3, " BOOKS 1 ", None);
        assert!(one.matches("<li ").count() == 1 && one.contains("Found: 1") && one.contains("Show all"), "{one}");
        let none = shown(3, "nothing like it", None);
        assert!(none.contains("Nothing here is called “nothing like it”") && !none.contains("<ul"), "{none}");
    }

    #[test]
    fn many_choices_are_grouped_by_category() {
        assert!(!shown(8, "", None).contains("<h2>"));
        let many = shown(10, "", None);
        assert_eq!(many.matches("<h2>").count(), 5, "{many}");
        assert_eq!(many.matches("<li ").count(), 10);
    }

    #[test]
    fn what_is_searched_for_is_shown_as_text() {
        let page = shown(3, NASTY, None);
        assert!(!page.contains("<img") && page.contains("&lt;img"), "{page}");
    }

    #[test]
    fn the_last_failure_is_said_above_the_choices() {
        let page = shown(1, "", Some(Code::ConsentRefused));
        assert!(page.contains("role=\"alert\"") && page.contains("did not grant access"), "{page}");
        assert!(shown(0, "", None).contains("nothing to connect"));
    }
}
