//! Sending items, and the three kills of a round.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use patchbay_it::DeskItem;
use patchbay_test_support::{Api, Dice, Result, Trouble as Failed, fakes::desk::Kind, wait_until};

use super::{
    Scene, Sent, Tally,
    machines::{LIMIT, Machines},
    script::{Case, Trouble},
};

/// Longest time between a rule that was taken and what it keeps back.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Callers at once.
const CALLERS: usize = 4;

/// What one caller sends, where, and which of the items it is.
type Job = (usize, Api, DeskItem);

/// Sends all of it by several callers; what was answered, with its push. Whoever gets no answer is left out, as its
/// caller does not know.
fn accepted(jobs: &[Job], answered: &AtomicUsize) -> Result<Vec<(usize, String)>> {
    let next = AtomicUsize::new(0);
    let caller = || {
        let mut pushes = Vec::new();
        while let Some((place, api, item)) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
            let answer = api.post("/v1/pushes", &item.body);
            answered.fetch_add(1, Ordering::SeqCst);
            let Ok(answer) = answer else { continue };
            if ![200, 201].contains(&answer.status) {
                return Err(Failed::new(format!("{}: {}", item.title(), answer.text())));
            }
            pushes.push((*place, answer.text_at("/id")?));
        }
        Ok(pushes)
    };
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        let joined = callers.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok(joined.collect::<Result<Vec<_>>>()?.concat())
    })
}

impl Scene<'_> {
    fn jobs(&self, sent: &[Sent]) -> Result<Vec<Job>> {
        let job = |(place, one): (usize, &Sent)| {
            Ok((place, self.machines.api(place, self.tenant(&one.case)?)?, one.case.item.clone()))
        };
        sent.iter().enumerate().map(job).collect()
    }

    /// Sends what meets its trouble, and kills while the provider holds what waits for it.
    pub(super) fn first_kill(&mut self, sent: &mut [Sent], dice: &mut Dice, tally: &mut Tally) -> Result<()> {
        for rule in sent.iter().flat_map(|one| &one.case.rules) {
            self.desk().script.add(rule.clone());
        }
        for (place, push) in accepted(&self.jobs(sent)?, &AtomicUsize::new(0))? {
            if let Some(one) = sent.get_mut(place) {
                one.push = Some(push);
            }
        }
        let script = &self.desk().script;
        let first = |one: &Sent| one.case.trouble.and(one.case.rules.first().cloned());
        let mut left = Vec::new();
        wait_until("every trouble to come", LIMIT, || {
            let rules = script.rules();
            left = sent.iter().filter_map(first).filter(|rule| rules.contains(rule)).collect();
            Ok(left.is_empty().then_some(()))
        })
        .map_err(|error| Failed::new(format!("{error}: {left:?}")))?;
        for one in sent.iter() {
            // A rule is taken a moment before what it keeps is kept.
            let held = one.case.held.as_deref().is_none_or(|held| script.wait_until_held(held, AT_ONCE));
            // Of two nodes it is not known here which one's it is.
            let known = |trouble: &Trouble| matches!(self.machines, Machines::One(_)) || !trouble.kills();
            if let (Some(trouble), true) = (one.case.trouble.filter(known), held) {
                *tally.met.entry((one.case.tenant, trouble)).or_default() += 1;
            }
        }
        let node = self.machines.kill(dice)?;
        let kills = || sent.iter().filter(|one| one.case.trouble.is_some_and(Trouble::kills));
        if matches!(self.machines, Machines::Two(..)) {
            // What the other one sent goes on.
            kills().filter_map(|one| one.case.held.as_deref()).for_each(|held| self.desk().script.release(held));
        }
        wait_until("the provider to let go", LIMIT, || {
            let holding =
                |one: &Sent| one.case.held.as_deref().is_some_and(|held| self.desk().script.holding(held) > 0);
            Ok((!kills().any(holding)).then_some(()))
        })?;
        for one in sent.iter_mut().filter(|one| one.case.early) {
            self.arrive(one)?;
        }
        self.machines.restart(node)
    }

    /// What the provider kept back takes effect.
    pub(super) fn arrive(&self, one: &mut Sent) -> Result<()> {
        let (true, Some(held)) = (one.late, &one.case.held) else { return Ok(()) };
        self.desk().script.release(held);
        one.late = false;
        wait_until(&format!("{held} to arrive"), LIMIT, || Ok(self.is_there(&one.case).then_some(())))
    }

    /// Whether the step at which an item met its trouble was written.
    pub(super) fn is_there(&self, case: &Case) -> bool {
        let desk = self.desk();
        match (case.place.step, &case.file) {
            ("upload", Some(file)) => {
                desk.provider.objects(Kind::File).iter().any(|object| object.text("name") == file.as_str())
            }
            ("change", _) => case.item.objects(desk).iter().any(|note| note.text("text") == "Agreed otherwise."),
            _ => !case.item.objects(desk).is_empty(),
        }
    }

    /// Kills wherever the host stands after some more requests, or some time. Of two nodes one may stand still instead
    /// until the other has taken over what it had, and go on in the belief that nothing happened.
    pub(super) fn kill_at_random(&mut self, dice: &mut Dice) -> Result<()> {
        let journal = &self.desk().journal;
        let (wanted, since) = (journal.last() + dice.below(25), Instant::now());
        let limit = Duration::from_millis(dice.below(400));
        wait_until("a moment", LIMIT, || Ok((journal.last() >= wanted || since.elapsed() >= limit).then_some(())))?;
        if matches!(self.machines, Machines::Two(..)) && dice.below(2) == 0 {
            return self.machines.stand_still(dice);
        }
        let node = self.machines.kill(dice)?;
        self.machines.restart(node)
    }

    /// Kills while items are accepted; each is sent again by its caller if there was no answer.
    pub(super) fn kill_while_accepted(&mut self, sent: &mut [Sent], dice: &mut Dice) -> Result<()> {
        let (answered, wanted) = (AtomicUsize::new(0), usize::try_from(dice.below(sent.len() as u64))?);
        let jobs = self.jobs(sent)?;
        let (pushes, node) = thread::scope(|scope| {
            let caller = scope.spawn(|| accepted(&jobs, &answered));
            wait_until("some answers", LIMIT, || Ok((answered.load(Ordering::SeqCst) >= wanted).then_some(())))?;
            let node = self.machines.kill(dice)?;
            let pushes = caller.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok::<_, Failed>((pushes, node))
        })?;
        self.machines.restart(node)?;
        for (place, push) in pushes {
            if let Some(one) = sent.get_mut(place) {
                one.push = Some(push);
            }
        }
        for one in sent.iter_mut().filter(|one| one.push.is_none()) {
            let tenant = self.tenant(&one.case)?;
            let answer = tenant.send(&one.case.item)?;
            let answer = if answer.status == 200 { answer } else { answer.expect(201)? };
            one.push = Some(answer.text_at("/id")?);
        }
        Ok(())
    }
}
