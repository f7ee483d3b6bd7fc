//! What a refresh does next: decisions only, nothing is asked, stored or waited for here.
//!
//! ```text
//! Read ─ wanted ─► Lease ─ ours ─► Ask ─ fresh ─► Store ─ stored ─► (used)
//!   │               │               │               └ overtaken ─► KeepAside ─► Read
//!   └ not wanted    └ another's     ├ dead ─► Look ─ something untried ─► Release ─► Lease
//!                                   │           └ nothing ─► Break ─► Release ─► (needs its owner)
//!                                   └ not now ─► CoolDown ─► (later)
//! ```
//!
//! **One exchange for each lease.** A second exchange needs a lease of its own, so that none can begin
//! after another worker has taken over. What is asked with first: a pair kept aside that is newer than the
//! stored one, because then the stored one was spent for it, and spending it again can end the whole grant;
//! then the stored one; then what else is aside. A token is asked with once. After an exchange of which no
//! outcome is known the intent stays open until a pair is stored: the next exchange is the one that is
//! allowed to find out, and a provider that then says that the grant is gone is believed when nothing
//! untried is left.
//!
//! The tests drive this with two workers, crashes at every step, a database that comes and goes, and a
//! provider that revokes everything when it sees a token twice.

/// A credential to ask the provider with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// The one of the row, by the row's version.
    Stored(i64),
    /// One that lost a race, by its name.
    Aside(Vec<u8>),
}

/// A pair that was kept aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aside {
    /// Tells it from the others.
    pub(super) name: Vec<u8>,
    /// The version it would have had.
    pub(super) version: i64,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// The row was read.
    Row { version: i64, wanted: bool, pausing: bool },
    /// Somebody else holds the lease.
    Taken,
    /// The lease is ours, and the intent is written.
    Leased {
        version: i64,
        /// No outcome is known of an earlier exchange.
        earlier_unknown: bool,
        /// This process holds a pair that follows this version.
        unsaved: bool,
        /// Newest first.
        aside: Vec<Aside>,
    },
    /// A new pair is in hand.
    Fresh,
    /// The provider says that the grant is gone.
    Dead,
    /// No pair; the token stays as it is, or was perhaps spent.
    NotNow { may_be_spent: bool },
    /// Row and kept pairs were looked at again, under the lease.
    Looked { version: i64, aside: Vec<Aside> },
    /// The pair is the connection's.
    Stored,
    /// Somebody else's lease or a new consent is there.
    Overtaken,
    /// The database did not take the pair; this process keeps it.
    Unstored,
    /// The step was done, and has nothing to tell.
    Done,
}

/// What is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Read the row.
    Read,
    /// Get the lease, which writes the intent.
    Lease,
    /// One exchange.
    Ask(Token),
    /// Make the pair in hand the connection's.
    Store,
    /// Keep the pair in hand where nobody drops it.
    KeepAside,
    /// Read row and kept pairs again.
    Look,
    /// End the lease; `known`: every exchange so far has a known outcome.
    Release { known: bool },
    /// Note the failure and end the lease.
    CoolDown { known: bool },
    /// The connection needs its owner.
    Break,
    /// It is over.
    End(End),
}

/// How a refresh ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// There is nothing to refresh (any more).
    Current,
    /// The new pair is stored.
    Refreshed,
    /// One has failed a moment ago.
    Pausing,
    /// Another process is at it.
    Elsewhere,
    /// Later.
    NotNow,
    /// There is a pair, and the database did not take it.
    Unsaved,
    /// The connection needs its owner.
    Dead,
}

/// One refresh by one worker, from its first look to its end.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    version: i64,
    /// All exchanges before this lease have a known outcome.
    known: bool,
    asked: Option<Token>,
    tried: Vec<Token>,
    /// What follows the end of a lease.
    then: Option<Step>,
}

impl Refresh {
    /// The step after what came of the one before; the first one is [`Step::Read`].
    pub(super) fn next(&mut self, event: Event) -> Step {
        match event {
            Event::Row { wanted: false, .. } => Step::End(End::Current),
            Event::Row { pausing: true, .. } => Step::End(End::Pausing),
            Event::Row { version, .. } => {
                self.version = version;
                Step::Lease
            }
            Event::Taken => Step::End(End::Elsewhere),
            Event::Leased { version, earlier_unknown, .. } if version != self.version => {
                // Whether the new one is due is another question.
                self.release(!earlier_unknown, Step::Read)
            }
            Event::Leased { earlier_unknown, unsaved, aside, .. } => {
                self.known = !earlier_unknown;
                match self.untried(&aside) {
                    _ if unsaved => Step::Store,
                    Some(token) => {
                        self.asked = Some(token.clone());
                        Step::Ask(token)
                    }
                    None => self.give_up(),
                }
            }
            Event::Fresh => Step::Store,
            Event::Dead => {
                self.tried.extend(self.asked.take());
                Step::Look
            }
            Event::NotNow { may_be_spent } => Step::CoolDown { known: self.known && !may_be_spent },
            // A new consent, or another worker's pair: what was refused is of the past.
            Event::Looked { version, .. } if version != self.version => self.release(self.known, Step::Read),
            Event::Looked { aside, .. } => match self.untried(&aside) {
                Some(_) => self.release(self.known, Step::Lease),
                None => self.give_up(),
            },
            Event::Stored => Step::End(End::Refreshed),
            Event::Overtaken => {
                self.then = Some(Step::Read);
                Step::KeepAside
            }
            Event::Unstored => Step::End(End::Unsaved),
            Event::Done => self.then.take().unwrap_or(Step::End(End::NotNow)),
        }
    }

    fn give_up(&mut self) -> Step {
        self.then = Some(Step::End(End::Dead));
        Step::Break
    }

    fn release(&mut self, known: bool, then: Step) -> Step {
        self.then = Some(then);
        Step::Release { known }
    }

    /// The best token that was not asked with yet.
    fn untried(&self, aside: &[Aside]) -> Option<Token> {
        let named = |one: &Aside| Token::Aside(one.name.clone());
        let newer = aside.iter().filter(|one| one.version > self.version).map(named);
        let others = aside.iter().filter(|one| one.version <= self.version).map(named);
        newer
            .chain(std::iter::once(Token::Stored(self.version)))
            .chain(others)
            .find(|token| !self.tried.contains(token))
    }
}

#[cfg(test)]
mod simulation;

#[cfg(test)]
mod tests {
    use super::*;

    fn leased(earlier_unknown: bool, aside: &[(u8, i64)]) -> Event {
        Event::Leased { version: 3, earlier_unknown, unsaved: false, aside: kept(aside) }
    }

    fn kept(aside: &[(u8, i64)]) -> Vec<Aside> {
        aside.iter().map(|&(name, version)| Aside { name: vec![name], version }).collect()
    }

    fn begun() -> Refresh {
        let mut refresh = Refresh::default();
        assert_eq!(refresh.next(Event::Row { version: 3, wanted: true, pausing: false }), Step::Lease);
        refresh
    }

    #[test]
    fn a_pair_for_which_the_stored_token_was_spent_goes_first_and_an_older_one_last() {
        let mut refresh = begun();
        let aside = [(9, 4), (8, 3)];
        let mut order = Vec::new();
        let mut step = refresh.next(leased(true, &aside));
        while let Step::Ask(token) = step {
            order.push(token);
            assert_eq!(refresh.next(Event::Dead), Step::Look);
            step = refresh.next(Event::Looked { version: 3, aside: kept(&aside) });
            if step == (Step::Release { known: false }) {
                assert_eq!(refresh.next(Event::Done), Step::Lease);
                step = refresh.next(leased(true, &aside));
            }
        }
        assert_eq!(order, [Token::Aside(vec![9]), Token::Stored(3), Token::Aside(vec![8])]);
        assert_eq!(step, Step::Break);
        assert_eq!(refresh.next(Event::Done), Step::End(End::Dead));
    }

    #[test]
    fn a_pair_that_was_not_stored_is_stored_before_anything_is_asked() {
        let unsaved = Event::Leased { version: 3, earlier_unknown: true, unsaved: true, aside: Vec::new() };
        assert_eq!(begun().next(unsaved), Step::Store);
    }

    #[test]
    fn a_refusal_of_what_was_replaced_meanwhile_breaks_nothing() {
        let mut refresh = begun();
        assert_eq!(refresh.next(leased(false, &[])), Step::Ask(Token::Stored(3)));
        assert_eq!(refresh.next(Event::Dead), Step::Look);
        assert_eq!(refresh.next(Event::Looked { version: 4, aside: Vec::new() }), Step::Release { known: true });
        assert_eq!(refresh.next(Event::Done), Step::Read);
        assert_eq!(refresh.next(Event::Row { version: 4, wanted: false, pausing: false }), Step::End(End::Current));
    }

    #[test]
    fn an_intent_stays_open_until_the_outcome_of_every_exchange_is_known() {
        for (earlier_unknown, may_be_spent) in [(true, false), (false, true), (true, true), (false, false)] {
            let mut refresh = begun();
            refresh.next(leased(earlier_unknown, &[]));
            let known = !earlier_unknown && !may_be_spent;
            assert_eq!(refresh.next(Event::NotNow { may_be_spent }), Step::CoolDown { known });
        }
    }
}
