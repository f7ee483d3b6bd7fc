//! Moving the clock until nothing goes on by itself, and what a person says about what stands then.

use std::time::Duration;

use patchbay_test_support::{Dice, Result, Trouble as Failed, fakes::desk::Kind};
use serde_json::{Value, json};

use super::{
    Scene, Sent, Tally,
    machines::{FAR, Machines},
    script::{Case, Kept, Trouble, UNLUCKY},
};

/// Moves of the clock after which everything has come to its end, or never will.
const MOVES: usize = 400;

impl Scene<'_> {
    /// Moves the clock to whatever comes next, until nothing comes. What is late has arrived, and can be found, before
    /// somebody may look for the second time.
    pub(super) fn settle(&mut self, sent: &mut [Sent]) -> Result<()> {
        for _ in 0..MOVES {
            let ahead = self.machines.quiet()?;
            if ahead.is_none_or(|ahead| ahead > FAR) {
                sent.iter_mut().try_for_each(|one| self.arrive(one))?;
                self.desk().provider.show();
            }
            match ahead {
                Some(ahead) => self.machines.advance(ahead + Duration::from_millis(1))?,
                None => return self.see(sent),
            }
        }
        Err(Failed::new("something goes on and on"))
    }

    /// Notes what stands.
    fn see(&self, sent: &mut [Sent]) -> Result<()> {
        for one in sent {
            let stands = self.told(one)?["state"] == json!("unknown");
            one.stood += usize::from(stands && !one.stands);
            one.stands = stands;
        }
        Ok(())
    }

    /// Before anybody said a word: what nobody can look for is left to a person, whatever became of it.
    pub(super) fn nothing_is_guessed(&self, sent: &[Sent]) -> Result<()> {
        // Of two nodes one lives, and so does what the provider held for it.
        let lives =
            |case: &Case| matches!(self.machines, Machines::Two(..)) && case.trouble.is_some_and(Trouble::kills);
        let must = |one: &&Sent| one.case.must_stand() && !lives(&one.case);
        match sent.iter().find(|one| must(one) && !one.stands) {
            None => Ok(()),
            Some(one) => Err(Failed::new(format!("guessed: {}: {:#}", one.case.item.title(), self.told(one)?))),
        }
    }

    /// A person decides about everything that stands, or leaves it; whether anything was decided.
    pub(super) fn decide(&self, sent: &mut [Sent], dice: &mut Dice, tally: &mut Tally) -> Result<bool> {
        let mut decided = false;
        for one in sent {
            let push = self.told(one)?;
            let word = match push["state"].as_str().unwrap_or_default() {
                "unknown" => self.word(one, &push, dice)?,
                "failed" if one.word != Some("give_up") => Some("send"),
                _ => None,
            };
            let Some(word) = word else { continue };
            self.say(one, word, dice)?;
            *tally.words.entry(word).or_default() += 1;
            (one.stands, decided) = (false, true);
            if word != "look_again" {
                one.word = Some(word);
            }
        }
        Ok(decided)
    }

    /// What a person says who has looked at the provider; none leaves it.
    fn word(&self, one: &Sent, push: &Value, dice: &mut Dice) -> Result<Option<&'static str>> {
        let there = self.doubtful_is_there(one, push);
        let chance = dice.below(4);
        Ok(match one.case.place.kept {
            Kept::Nothing => {
                let refused = self.resolve(one, &json!({ "decision": "look_again" }))?;
                if refused.0 != 409 {
                    return Err(Failed::new(format!("a call cannot be looked for: {refused:?}")));
                }
                match chance {
                    0 => None,
                    _ if there => Some("done"),
                    1 => Some("give_up"),
                    _ => Some("send_anyway"),
                }
            }
            Kept::Search if there && doubtful(push) == "upload" => Some("look_again"),
            Kept::Search if there => Some(if chance < 2 { "look_again" } else { "done" }),
            // Where the file is there and the report is not, it has to go on behind the file.
            Kept::Search if one.case.tenant == UNLUCKY => Some("send_anyway"),
            Kept::Search => Some(if chance == 0 { "look_again" } else { "send_anyway" }),
            Kept::Key | Kept::Name => Some(if chance < 2 { "look_again" } else { "send_anyway" }),
        })
    }

    fn doubtful_is_there(&self, one: &Sent, push: &Value) -> bool {
        match (doubtful(push), &one.case.file) {
            ("upload", Some(file)) => {
                self.desk().provider.objects(Kind::File).iter().any(|object| object.text("name") == file.as_str())
            }
            ("change", _) => self.is_there(&one.case),
            _ => !one.case.item.objects(self.desk()).is_empty(),
        }
    }

    fn say(&self, one: &mut Sent, word: &'static str, dice: &mut Dice) -> Result<()> {
        let said = match word {
            "send" => {
                let path = format!("/v1/pushes/{}/send", one.push.as_deref().unwrap_or_default());
                let answer = self.tenant(&one.case)?.api.post(&path, &json!({}))?;
                (answer.status, answer.text())
            }
            "done" => {
                let object = one.case.item.objects(self.desk()).into_iter().next();
                let object =
                    object.map(|it| json!({ "id": it.id, "url": format!("https://desk.test/show/{}", it.id) }));
                // The object of what is changed is known.
                let known = one.case.before.is_some() && dice.below(2) == 0;
                let object = if known { None } else { object };
                self.resolve(one, &json!({ "decision": word, "object": object }))?
            }
            _ => self.resolve(one, &json!({ "decision": word }))?,
        };
        one.sent_again += usize::from(word == "send_anyway");
        if said.0 == 200 { Ok(()) } else { Err(Failed::new(format!("{word} of {}: {said:?}", one.case.item.title()))) }
    }

    fn resolve(&self, one: &Sent, body: &Value) -> Result<(u16, String)> {
        let path = format!("/v1/pushes/{}/resolve", one.push.as_deref().unwrap_or_default());
        let answer = self.tenant(&one.case)?.api.post(&path, body)?;
        Ok((answer.status, answer.text()))
    }
}

/// The step whose outcome is not known; empty when there is none.
fn doubtful(push: &Value) -> &str {
    let steps = push["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let open = |step: &&Value| step["state"] == json!("lost") || step["state"] == json!("sending");
    steps.iter().rev().find(open).and_then(|step| step["step"].as_str()).unwrap_or_default()
}
