//! What a round sends, and what the provider does to it: for each step of each kind of provider one item for each
//! trouble, and one that goes well.

use patchbay_it::{DeskItem, pdf};
use patchbay_test_support::{
    Dice,
    fakes::{Act, Rule},
};
use serde_json::json;

/// How a provider keeps an item from being written twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Key,
    Search,
    Name,
    Nothing,
}

/// A step at which trouble can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) action: &'static str,
    pub(super) step: &'static str,
    pub(super) kept: Kept,
}

/// Every step that the desk's connector writes in. Each has a tenant of its own, so that the failures of one close the
/// circuit of no other, and five in a row come to none.
pub(super) const PLACES: [Place; 9] = [
    Place { action: "letter", step: "send", kept: Kept::Key },
    Place { action: "task", step: "create", kept: Kept::Search },
    Place { action: "note", step: "create", kept: Kept::Search },
    Place { action: "note", step: "change", kept: Kept::Search },
    Place { action: "entry", step: "create", kept: Kept::Search },
    Place { action: "report", step: "upload", kept: Kept::Search },
    Place { action: "report", step: "report", kept: Kept::Search },
    Place { action: "card", step: "put", kept: Kept::Name },
    Place { action: "call", step: "send", kept: Kept::Nothing },
];
/// The tenant of the item that meets one trouble after another.
pub(super) const UNLUCKY: usize = PLACES.len();
pub(super) const TENANTS: usize = UNLUCKY + 1;

/// What befalls a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// SIGKILL while the provider has the request and has not acted.
    KilledBefore,
    /// SIGKILL after the provider has acted and before it has answered.
    KilledAfter,
    /// The connection breaks before the provider acts.
    LostBefore,
    /// The connection breaks after the provider has acted.
    LostAfter,
    /// The connection breaks, and the provider acts only later.
    Late,
    /// The provider is too busy (429), or has trouble of its own (500, 503); it does not act.
    Refused,
}

pub(super) const TROUBLES: [Trouble; 6] = [
    Trouble::KilledBefore,
    Trouble::KilledAfter,
    Trouble::LostBefore,
    Trouble::LostAfter,
    Trouble::Late,
    Trouble::Refused,
];

impl Trouble {
    pub(super) fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }

    fn act(self, name: &str, dice: &mut Dice) -> Act {
        match self {
            Self::KilledBefore => Act::Hold { name: name.to_owned(), applied: false },
            Self::KilledAfter => Act::Hold { name: name.to_owned(), applied: true },
            Self::LostBefore => Act::Drop,
            Self::LostAfter => Act::LoseAnswer,
            Self::Late => Act::later(name),
            Self::Refused => match dice.below(5) {
                0 => Act::too_many("0"),
                1 => Act::status(500),
                2 => Act::status(503),
                _ => Act::status(429),
            },
        }
    }
}

/// An item with its script.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) place: Place,
    pub(super) tenant: usize,
    pub(super) trouble: Option<Trouble>,
    /// As it is to be in the end.
    pub(super) item: DeskItem,
    /// The note that is changed, before it is.
    pub(super) before: Option<DeskItem>,
    /// The name of a report's file.
    pub(super) file: Option<String>,
    /// What happens to it, in this order.
    pub(super) rules: Vec<Rule>,
    /// The name under which the provider keeps it back.
    pub(super) held: Option<String>,
    /// Whether one that is late arrives before anybody has looked for it.
    pub(super) early: bool,
}

impl Case {
    /// Whether it is in doubt until a person says what became of it.
    pub(super) fn must_stand(&self) -> bool {
        let clear = |rule: &Rule| matches!(rule.act, Act::Answer { status: 429, .. });
        self.place.kept == Kept::Nothing && self.rules.first().is_some_and(|rule| !clear(rule))
    }

    /// Its name at the provider says which rule is for it.
    fn on(&self, step: &str, act: Act) -> Rule {
        let rule = self.item.on(step, act);
        match (&self.file, step) {
            (Some(file), "upload") => rule.saying(file),
            _ => rule,
        }
    }

    fn of(place: Place, tenant: usize, name: &str, client: usize) -> Self {
        let mut item = DeskItem::of(place.action, name).to(&format!("c{client}"));
        let before = (place.step == "change").then(|| item.clone());
        if before.is_some() {
            item = item.text("Agreed otherwise.");
        }
        let file = (place.action == "report").then(|| format!("{}.pdf", name.replace(' ', "-")));
        let (rules, held) = (Vec::new(), None);
        Self { place, tenant, trouble: None, item, before, file, rules, held, early: false }
    }

    /// The bytes of its file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        pdf(self.item.title().bytes().map(u64::from).sum(), 3_000)
    }

    /// The same with the blob that its file became.
    pub(super) fn attach(&mut self, blob: &str) {
        self.item = self.item.clone().with("attachments", json!([{ "blob": blob }]));
    }
}

/// The items that a kill is to meet.
pub(super) fn cases(round: u64, dice: &mut Dice) -> Vec<Case> {
    let mut cases = Vec::new();
    for (tenant, place) in PLACES.into_iter().enumerate() {
        for (client, trouble) in (1..).zip(TROUBLES) {
            let name = format!("{round} {} {trouble:?}", place.step);
            let mut case = Case::of(place, tenant, &name, client);
            case.trouble = Some(trouble);
            let held = format!("{} {name}", place.action);
            case.rules.push(case.on(place.step, trouble.act(&held, dice)));
            case.held = (trouble.kills() || trouble == Trouble::Late).then_some(held);
            case.early = dice.below(2) == 0;
            if trouble != Trouble::Refused && dice.below(3) == 0 {
                // Refused when it comes again; a refusal is no failure of the provider's host.
                case.rules.push(case.on(place.step, Act::status(429)));
            }
            cases.push(case);
            if place.action == "entry" {
                // One that has to wait for it.
                cases.push(Case::of(place, tenant, &format!("{name} behind"), client));
            }
        }
    }
    cases.push(unlucky(round));
    for place in (1..cases.len()).rev() {
        // An entry stays before the one behind it.
        let other = usize::try_from(dice.below(place as u64 + 1)).unwrap_or_default();
        if !cases.iter().skip(other).take(place + 1 - other).any(|case| case.place.action == "entry") {
            cases.swap(place, other);
        }
    }
    cases
}

/// Items that go well if nobody is killed.
pub(super) fn lucky(round: u64) -> Vec<Case> {
    let places = PLACES.into_iter().enumerate().filter(|(_, place)| place.step != "change");
    places.map(|(tenant, place)| Case::of(place, tenant, &format!("{round} {} lucky", place.step), 20)).collect()
}

/// One whose trouble does not end, so that a person has to help: by turns with two steps, with a search, with neither.
fn unlucky(round: u64) -> Case {
    let wanted = match round % 3 {
        0 => ("report", "report"),
        1 => ("task", "create"),
        _ => ("call", "send"),
    };
    let place = PLACES.into_iter().find(|place| (place.action, place.step) == wanted).unwrap_or(PLACES[0]);
    let mut case = Case::of(place, UNLUCKY, &format!("{round} unlucky"), 1);
    if place.action == "report" {
        case.rules.push(case.on("upload", Act::LoseAnswer));
    }
    case.rules.push(case.on(place.step, Act::Drop));
    case.rules.push(case.on(place.step, if round.is_multiple_of(2) { Act::Drop } else { Act::LoseAnswer }));
    case
}
