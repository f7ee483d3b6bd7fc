//! **Whatever is killed and whatever answer is lost, an item is written at most once, and the product says plainly what
//! became of it** (trust.md, section 3, row 4; K4): SIGKILL and lost answers at each step of four kinds of provider,
//! also one that acts only after the answer was lost and whose search lags.
//!
//! A round, with everything by chance from a seed:
//!
//! | when | what |
//! |---|---|
//! | first | an item of each kind for each trouble ([`script`]) is sent at once; SIGKILL while the provider holds those that wait for it |
//! | then | SIGKILL wherever the host stands while it finds out, sends again and ends |
//! | then | more items; SIGKILL while they are accepted, written and answered |
//! | then | the clock is moved until nothing goes on by itself; late writes arrive before somebody looks for the second time |
//! | then | a person decides about what stands ([`person`]) and the clock goes on |
//! | last | everything against the provider's journal ([`judge`]), and the judge against forged facts ([`forged`]) |

mod forged;
mod judge;
mod kills;
mod machines;
mod person;
mod script;
mod too_soon;

use std::{collections::BTreeMap, time::Duration};

use patchbay_it::{ServerDatabase, Tenant, items};
use patchbay_test_support::{
    Dice, Result, Trouble as Failed,
    fakes::desk::{DeskObject, DeskStand, Kind, Lag},
};
use serde_json::{Value, json};

use crate::soak::Soak;
use judge::Fact;
use machines::Machines;
use script::{Case, PLACES, TENANTS, TROUBLES, Trouble};

/// An item with what became of it so far.
struct Sent {
    case: Case,
    push: Option<String>,
    /// It stands at this moment.
    stands: bool,
    /// How often it came to stand.
    stood: usize,
    /// How often a person had it sent again.
    sent_again: usize,
    /// What a person said last.
    word: Option<&'static str>,
    /// Whether it still is to arrive.
    late: bool,
}

struct Scene<'a> {
    machines: Machines<'a>,
    tenants: Vec<Tenant>,
}

/// What the rounds came to.
#[derive(Debug, Default)]
struct Tally {
    /// Writes that were met, by place and trouble.
    met: BTreeMap<(usize, Trouble), u64>,
    ends: BTreeMap<String, usize>,
    stood: usize,
    words: BTreeMap<&'static str, usize>,
    again: usize,
}

pub(crate) fn rounds(soak: Soak) -> Result<()> {
    run(soak, Machines::one()?)
}

pub(crate) fn node_rounds(soak: Soak) -> Result<()> {
    match ServerDatabase::make_or_skip()? {
        Some(database) => run(soak, Machines::two(&database)?),
        None => Ok(()),
    }
}

fn run(soak: Soak, machines: Machines<'_>) -> Result<()> {
    let (mut dice, mut tally) = (Dice::of(soak.seed), Tally::default());
    let mut scene = Scene::open(machines)?;
    let mut last = Vec::new();
    for round in 0..soak.rounds {
        let told = |error: Failed| Failed::new(format!("seed {}, round {round}: {error}", soak.seed));
        last = scene.round(round, &mut dice, &mut tally).map_err(told)?;
    }
    let Tally { met, ends, stood, words, again } = &tally;
    println!("{} rounds: {ends:?}, {stood} stood, {words:?}, {again} sent again by the host", soak.rounds);
    let fewest = met.values().min().copied().unwrap_or_default();
    println!("each of {} troubles at each step was met {fewest} times at least", met.len());
    if matches!(scene.machines, Machines::One(_)) {
        assert_eq!(met.len(), PLACES.len() * TROUBLES.len());
        assert!(fewest >= soak.rounds, "some trouble was not met: {met:?}");
    }
    forged::all_are_seen(&last, &scene.objects())
}

impl<'a> Scene<'a> {
    fn open(machines: Machines<'a>) -> Result<Self> {
        let rig = machines.rig();
        rig.install_desk()?;
        let mut tenants = Vec::new();
        for number in 0..TENANTS {
            let tenant = rig.tenant(&format!("T{number}"))?;
            let connection = tenant.connect_desk(&rig.fakes.desk, &format!("load-{number}"))?;
            tenant.settled()?;
            // Three kills in the middle of one run would set the release aside, and this is about pushes.
            for sync in items(&tenant.api, &format!("/v1/connections/{connection}/syncs"))? {
                let id = sync["id"].as_str().unwrap_or_default();
                tenant.api.patch(&format!("/v1/syncs/{id}"), &json!({ "enabled": false }))?.expect(200)?;
            }
            tenants.push(tenant);
        }
        Ok(Self { machines, tenants })
    }

    fn desk(&self) -> &DeskStand {
        &self.machines.rig().fakes.desk
    }

    /// Everything that the desk has, in the order in which it was made.
    fn objects(&self) -> Vec<DeskObject> {
        let desk = &self.desk().provider;
        let mut all: Vec<DeskObject> = Kind::ALL.into_iter().flat_map(|kind| desk.objects(kind)).collect();
        let number = |object: &DeskObject| object.id.rsplit_once('-').and_then(|(_, no)| no.parse::<u64>().ok());
        all.sort_by_key(number);
        all
    }

    fn round(&mut self, round: u64, dice: &mut Dice, tally: &mut Tally) -> Result<Vec<Fact>> {
        let from = self.desk().journal.last();
        for kind in [Kind::Task, Kind::Note, Kind::Entry, Kind::File, Kind::Report] {
            let lag = match dice.below(3) {
                0 => Lag::Time(Duration::ZERO),
                1 => Lag::Time(Duration::from_secs(dice.below(30))),
                _ => Lag::UntilTold,
            };
            self.desk().provider.lag(kind, lag);
        }
        let cases = script::cases(round, dice);
        let (count, mut sent) = (cases.len(), Vec::new());
        for mut case in cases.into_iter().chain(script::lucky(round)) {
            self.upload(&mut case)?;
            let late = case.trouble == Some(Trouble::Late);
            let word = None;
            sent.push(Sent { case, push: None, stands: false, stood: 0, sent_again: 0, word, late });
        }
        self.notes_to_change(&mut sent)?;
        let (first, later) = sent.split_at_mut(count);
        self.first_kill(first, dice, tally)?;
        self.kill_at_random(dice)?;
        self.kill_while_accepted(later, dice)?;
        self.settle(&mut sent)?;
        self.nothing_is_guessed(&sent)?;
        for _ in 0..4 {
            if !self.decide(&mut sent, dice, tally)? {
                break;
            }
            self.settle(&mut sent)?;
        }
        self.desk().script.clear();
        let facts = self.facts(&sent, from)?;
        judge::judge(&facts, &self.objects()).map_err(Failed::new)?;
        let doubles = self.desk().provider.doubles();
        if !doubles.is_empty() {
            return Err(Failed::new(format!("written twice: {doubles:?}")));
        }
        for fact in &facts {
            *tally.ends.entry(fact.push["state"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            tally.stood += fact.stood;
            tally.again += fact.requests.values().map(|count| count.saturating_sub(1)).sum::<usize>();
        }
        Ok(facts)
    }

    fn upload(&self, case: &mut Case) -> Result<()> {
        if let (Some(file), Some(tenant)) = (&case.file, self.tenants.get(case.tenant)) {
            let blob = tenant.upload(file, "application/pdf", case.bytes())?;
            case.attach(&blob);
        }
        Ok(())
    }

    /// Writes the notes that are changed later.
    fn notes_to_change(&self, sent: &mut [Sent]) -> Result<()> {
        for one in sent {
            if let (Some(note), Some(tenant)) = (&one.case.before, self.tenants.get(one.case.tenant)) {
                one.push = Some(tenant.push(note)?);
            }
        }
        match self.machines.quiet()? {
            None => Ok(()),
            Some(_) => Err(Failed::new("a note was not written although nobody was killed")),
        }
    }

    fn tenant(&self, case: &Case) -> Result<&Tenant> {
        self.tenants.get(case.tenant).ok_or_else(|| Failed::new("no such tenant"))
    }

    /// A push as the API tells it; null when it does not.
    fn told(&self, one: &Sent) -> Result<Value> {
        let path = format!("/v1/pushes/{}", one.push.as_deref().unwrap_or("psh_none"));
        let answer = self.tenant(&one.case)?.api.get(&path)?;
        Ok(if answer.status == 200 { answer.json } else { Value::Null })
    }

    /// Everything that is known of what was sent; the journal from there on.
    fn facts(&self, sent: &[Sent], from: u64) -> Result<Vec<Fact>> {
        let entries = self.desk().journal.since(from);
        let mut events: BTreeMap<(String, String), usize> = BTreeMap::new();
        for tenant in &self.tenants {
            for kind in ["push.unknown", "push.ended"] {
                for event in items(&tenant.api, &format!("/v1/events?kind={kind}&limit=200"))? {
                    let subject = event["subject"].as_str().unwrap_or_default().to_owned();
                    *events.entry((subject, kind.to_owned())).or_default() += 1;
                }
            }
        }
        let request_ids: Vec<String> = entries.iter().filter_map(|entry| entry.request_id.clone()).collect();
        let of = |one: &Sent| {
            let push = one.push.clone().unwrap_or_default();
            let told = events.iter().filter(|((subject, _), _)| *subject == push);
            Ok(Fact {
                case: one.case.clone(),
                push: self.told(one)?,
                stands: one.stands,
                stood: one.stood,
                sent_again: one.sent_again,
                word: one.word,
                told: told.map(|((_, kind), count)| (kind.clone(), *count)).collect(),
                requests: judge::requests(&one.case, &entries),
                request_ids: request_ids.clone(),
            })
        };
        sent.iter().map(of).collect()
    }
}
