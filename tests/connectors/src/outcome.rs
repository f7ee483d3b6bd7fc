//! A row of an error table, in words that people write such tables in.

use std::time::Duration;

use patchbay_test_support::{
    Result,
    fakes::{Act, Rule},
};

use crate::Scene;

/// Longer than any run or push waits by itself before it goes on.
const LATER: Duration = Duration::from_secs(90);

/// Seconds that a request of the host sits out.
const SHORT: u64 = 30;

/// A row: how the provider misbehaves, and what comes of it.
pub struct ErrorRow {
    /// As the sheet's table calls it.
    pub name: String,
    /// What is under way meanwhile.
    pub on: On,
    /// What the script does. All of it is removed before the recovery.
    pub rules: Vec<Rule>,
    /// What else is done at the fake before, e.g. a licence that ends.
    pub before: fn(&Scene<'_>) -> Result<()>,
    /// Undoes that, before the recovery.
    pub after: fn(&Scene<'_>) -> Result<()>,
    /// How the run or push stands then.
    pub end: Of,
    /// How the connection stands then.
    pub connection: Stands,
    /// What follows.
    pub then: Then,
    /// What a push that ended badly has written all the same, as [`ActionCase::writes`](crate::ActionCase::writes):
    /// the steps before the one that went wrong.
    pub leaves: &'static [(&'static str, usize)],
    /// How much time passes before it goes on.
    pub waits: Duration,
}

/// What a row happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A run of this stream (of its first account).
    Stream(&'static str),
    /// A push by this action.
    Action(&'static str),
}

/// How a run or push stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of {
    /// `done` `failed` `more_later` for a run, `done` `rejected` `failed` `unknown` `waiting` `planned` for a push.
    pub state: &'static str,
    /// Its reason; none when there is none.
    pub code: Option<&'static str>,
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It works.
    Active,
    /// A person has to reconnect; this is its reason.
    Broken(&'static str),
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is done: the host has seen to it within the run or push.
    Nothing,
    /// It goes on by itself: a run has another attempt (`retry`), a push is sent or looked up again.
    Again,
    /// It goes on by itself where it stopped, as soon as the provider allows (`more`).
    Later,
    /// Nothing before the next slot of the schedule; a push has ended, and nothing was written.
    Never,
    /// Nothing before somebody reconnects.
    Reconnect,
}

impl ErrorRow {
    /// A run of a stream whose requests (method GET or POST, prefix of the path) are all answered like that: it fails
    /// with this code, nothing is stored, and another attempt follows by itself.
    #[must_use]
    pub fn read(name: &str, stream: &'static str, on: (&str, &str), act: Act, code: &'static str) -> Self {
        let rule = Rule::on(on.0, on.1, act).times(0);
        Self::of(name, On::Stream(stream), rule, Of { state: "failed", code: Some(code) }, Then::Again)
    }

    /// A push by an action whose next such request is answered like that: it ends as rejected with this code, and
    /// nothing was written.
    #[must_use]
    pub fn write(name: &str, action: &'static str, on: (&str, &str), act: Act, code: &'static str) -> Self {
        let rule = Rule::on(on.0, on.1, act);
        Self::of(name, On::Action(action), rule, Of { state: "rejected", code: Some(code) }, Then::Never)
    }

    fn of(name: &str, on: On, rule: Rule, end: Of, then: Then) -> Self {
        let nothing: fn(&Scene<'_>) -> Result<()> = |_| Ok(());
        Self {
            name: name.to_owned(),
            on,
            rules: vec![rule],
            before: nothing,
            after: nothing,
            end,
            connection: Stands::Active,
            then,
            leaves: &[],
            waits: LATER,
        }
    }

    /// Whether the provider asks for a wait that no test sits out.
    pub(crate) fn pauses(&self) -> bool {
        let long = |(name, value): &(String, String)| {
            name.eq_ignore_ascii_case("retry-after") && value.parse::<u64>().is_ok_and(|seconds| seconds > SHORT)
        };
        self.rules.iter().any(|rule| match &rule.act {
            Act::Answer { status: 429 | 503, headers, .. } => headers.iter().any(long),
            _ => false,
        })
    }

    /// It stands like that.
    #[must_use]
    pub fn ends(self, state: &'static str, code: Option<&'static str>) -> Self {
        Self { end: Of { state, code }, ..self }
    }

    /// This follows.
    #[must_use]
    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// The host has seen to it: done, exactly once where it is a write.
    #[must_use]
    pub fn survived(self) -> Self {
        self.ends("done", None).then(Then::Nothing)
    }

    /// The connection is broken with this code, and nothing goes on before somebody reconnects.
    #[must_use]
    pub fn breaks(self, code: &'static str) -> Self {
        Self { connection: Stands::Broken(code), ..self }.then(Then::Reconnect)
    }

    /// The steps before were written.
    #[must_use]
    pub fn leaving(self, leaves: &'static [(&'static str, usize)]) -> Self {
        Self { leaves, ..self }
    }

    /// So much time passes before it goes on; 90 seconds where nothing is said.
    #[must_use]
    pub fn waiting(self, waits: Duration) -> Self {
        Self { waits, ..self }
    }

    /// For so many requests; 0 for ever.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        for rule in &mut self.rules {
            rule.times = requests;
        }
        self
    }

    /// After so many requests that are answered well.
    #[must_use]
    pub fn skipping(mut self, requests: u32) -> Self {
        for rule in &mut self.rules {
            rule.skip = requests;
        }
        self
    }

    /// Only requests whose path and query contain this.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        for rule in &mut self.rules {
            text.clone_into(&mut rule.contains);
        }
        self
    }

    /// Only requests whose body contains this.
    #[must_use]
    pub fn saying(mut self, text: &str) -> Self {
        for rule in &mut self.rules {
            text.clone_into(&mut rule.says);
        }
        self
    }

    /// Without a rule, by what is done at the fake.
    #[must_use]
    pub fn by(self, before: fn(&Scene<'_>) -> Result<()>, after: fn(&Scene<'_>) -> Result<()>) -> Self {
        Self { rules: Vec::new(), before, after, ..self }
    }
}
