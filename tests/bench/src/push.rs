//! `push`: what an item costs beyond the provider's own answer, in commits of the same database on the same disk.
//!
//! All sides in turns, each from rest, so that none begins while the host still tidies up after another: commits in a
//! row, the write without Patchbay (twice, see [`crate::plain`]), and a push, from the call until its end is stored.
//! What the journal notes of a push (accepted, step begun, step answered, ended) and when SQLite committed
//! ([`crate::commits`]) tell besides where the time of a push goes, without a clock of ours in its way.

mod figures;

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use patchbay_app::{PushChange, PushRequest};
use patchbay_model::{PushId, PushState, Timestamp};
use patchbay_store::Push;
use serde_json::json;

use crate::{
    Amount, Result,
    commits::Commits,
    in_task,
    measure::number,
    native::Way,
    plain::{self, Bare, CLIENT, Gated},
    provider::Fake,
    rooms::{Database, House, Rooms},
    told,
};
use figures::{COMMITS, Taken};

/// Items of a round, and of the warm-up.
const ITEMS: u64 = 100;
const WARM: u64 = 40;
/// One request, and the provider knows its key.
const ACTION: &str = "letter";
/// What is measured in turns.
const SIDES: u64 = 5;
/// How long nothing is asked before each measurement.
const REST: Duration = Duration::from_millis(4);
/// A push that has not ended by then will not.
const LONGEST: Duration = Duration::from_secs(30);

/// All that is measured.
struct Sides {
    house: Arc<House>,
    rooms: Rooms,
    way: Way,
    commits: Commits,
}

pub(crate) async fn run(amount: Amount) -> Result<()> {
    let house = Arc::new(House::beside(Fake::Desk)?);
    let rooms = Rooms::open(&house, Database::Sqlite).await?;
    let commits = Commits::watch(&rooms.file(), Arc::clone(&house.clock))?;
    rooms.app.start_jobs();
    let sides = Sides { way: Way::of(&house)?, house, rooms, commits };
    let rounds = amount.rounds;
    let taken = in_task(async move {
        sides.measure(0..WARM, &mut Taken::default()).await?;
        let mut taken = Taken::default();
        for round in 0..rounds {
            let mut now = Taken::default();
            let first = WARM + round * ITEMS;
            sides.measure(first..first + ITEMS, &mut now).await?;
            let medians = [&now.commit, &now.socket, &now.push].map(|figures| format!("{:.3}", figures.median()));
            let [commit, socket, push] = medians;
            eprintln!("  round {}: a commit {commit} ms, the provider {socket} ms, a push {push} ms", round + 1);
            taken.join(&now);
        }
        sides.close().await?;
        Ok(taken)
    })
    .await?;
    println!(
        "\npush: {} letters into SQLite, one after another, in turns with all else; milliseconds\n",
        rounds * ITEMS
    );
    print!("{}\n{}", taken.table(), taken.promise());
    print!("\nwhere the time of a push goes\n\n{}", taken.split());
    Ok(())
}

impl Sides {
    async fn measure(&self, items: std::ops::Range<u64>, taken: &mut Taken) -> Result<()> {
        let provider = &self.house.provider;
        for n in items {
            for turn in 0..SIDES {
                rest().await;
                // There and back, so that nothing is always behind the same.
                match if n.is_multiple_of(2) { turn } else { SIDES - 1 - turn } {
                    0 => taken.commit.add(self.commits_in_a_row().await?),
                    1 => {
                        let bare = Bare::of(provider, n);
                        taken.socket.add(timed(bare.send(provider)).await?);
                    }
                    2 => {
                        let gated = Gated::of(&self.way, n);
                        taken.gate.add(timed(gated.send()).await?);
                    }
                    3 => taken.read.add(timed(self.read()).await?),
                    _ => self.push(n, taken).await?,
                }
            }
        }
        Ok(())
    }

    /// As many as a push needs, one after another, of the smallest thing that the store can be asked to write: a row of
    /// `meta` is changed. What one of them took: from rest the first is the dearest, and a push has it only once, too.
    async fn commits_in_a_row(&self) -> Result<f64> {
        self.commits.take();
        let all = timed(async {
            for _ in 0..COMMITS {
                self.rooms.store.ready().await.map_err(told)?;
            }
            Ok(())
        });
        let all = all.await?;
        let seen = self.commits.take().len();
        if seen < usize::from(COMMITS) {
            Err(format!("{seen} of {COMMITS} commits were seen"))
        } else {
            Ok(all / f64::from(COMMITS))
        }
    }

    async fn read(&self) -> Result<()> {
        self.rooms.store.connection(&self.rooms.tenant, &self.rooms.connection).await.map(drop).map_err(told)
    }

    async fn push(&self, n: u64, taken: &mut Taken) -> Result<()> {
        let (app, clock) = (&self.rooms.app, &self.house.clock);
        let request = PushRequest {
            connection: Some(self.rooms.connection.clone()),
            action: ACTION.to_owned(),
            key: Some(format!("letter-{n}")),
            target: Some(json!({ "id": CLIENT })),
            payload: plain::said("host", n),
            ..PushRequest::default()
        };
        let tenant = self.rooms.tenant.clone();
        self.commits.take();
        let called = clock.now();
        let answer = app.push(tenant, request).await.map_err(told)?;
        let answered = clock.now();
        if answer.change != PushChange::Created {
            return Err(format!("item {n} was there before"));
        }
        let push = self.ended(&answer.push.id).await?;
        let commits = self.commits.take();
        let steps = self.rooms.store.push_steps(&push.id).await.map_err(told)?;
        let ([step], Some(ended)) = (steps.as_slice(), push.ended_at) else {
            return Err(format!("push {} has {} steps", push.id, steps.len()));
        };
        let marks = [push.created_at, step.sent_at, step.answered_at.unwrap_or(ended), ended];
        let ours = behind(&commits, marks).ok_or_else(|| format!("commits of push {} were not seen", push.id))?;
        taken.call.add(milliseconds(answered.since(called)));
        let mut last = called;
        let ends = marks.into_iter().zip(ours.map(|at| commits.get(at).copied().unwrap_or(ended)));
        for (part, end) in taken.parts.iter_mut().zip(ends.flat_map(|(mark, commit)| [mark, commit])) {
            part.add(milliseconds(end.since(last)));
            last = end;
        }
        taken.push.add(milliseconds(last.since(called)));
        taken.commits.add(number(u64::try_from(commits.len()).unwrap_or_default()));
        let others = commits.iter().enumerate().filter(|(at, _)| !ours.contains(at));
        others.for_each(|(_, at)| taken.others.add(milliseconds(at.since(called))));
        Ok(())
    }

    /// The push once it has ended. Its row is looked at only when nothing was committed for a while: a look takes time
    /// from what is measured.
    async fn ended(&self, id: &PushId) -> Result<Push> {
        let begun = Instant::now();
        let mut seen = 0;
        loop {
            rest().await;
            let now = self.commits.len();
            if now == seen {
                let push = self.rooms.store.push(&self.rooms.tenant, id).await.map_err(told)?;
                match push.state {
                    PushState::Done => return Ok(push),
                    PushState::Planned | PushState::Sending if begun.elapsed() < LONGEST => {}
                    state => return Err(format!("push {id} is {}: {:?}", state.as_str(), push.operator)),
                }
            }
            seen = now;
        }
    }

    async fn close(self) -> Result<()> {
        self.rooms.close().await?;
        // Not before the database is closed.
        drop(self.commits);
        Ok(())
    }
}

/// Lets everybody finish what is under way.
#[expect(clippy::disallowed_methods, reason = "a measurement begins at rest")]
async fn rest() {
    tokio::time::sleep(REST).await;
}

async fn timed(work: impl Future<Output = Result<()>>) -> Result<f64> {
    let begun = Instant::now();
    work.await?;
    Ok(milliseconds(begun.elapsed()))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Which commit made lasting what was noted at each mark: the first behind it that did not do so for the mark before.
/// One that is seen a little late must not be taken for the next one.
fn behind(commits: &[Timestamp], marks: [Timestamp; 4]) -> Option<[usize; 4]> {
    let mut from = 0;
    let mut found = [0; 4];
    for (place, mark) in found.iter_mut().zip(marks) {
        *place = from + commits.get(from..)?.iter().position(|at| *at >= mark)?;
        from = *place + 1;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<const N: usize>(micros: [i64; N]) -> [Timestamp; N] {
        micros.map(Timestamp::from_micros)
    }

    #[test]
    fn each_mark_has_a_commit_of_its_own_also_when_one_is_seen_late() {
        let marks = at([10, 30, 60, 72]);
        assert_eq!(behind(&at([20, 40, 70, 90]), marks), Some([0, 1, 2, 3]));
        // One of somebody else, and the answer's seen only after the end was noted.
        assert_eq!(behind(&at([20, 25, 40, 75, 90]), marks), Some([0, 2, 3, 4]));
        assert_eq!(behind(&at([20, 40, 75]), marks), None);
    }
}
