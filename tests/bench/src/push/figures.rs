//! What was measured, and as a person reads it.

use crate::{measure::Figures, table::lay_out};

/// What is promised: so many commits, and so many milliseconds.
pub(super) const COMMITS: u8 = 4;
const BESIDES: f64 = 0.5;

/// What a push consists of, from one mark to the next.
const PARTS: [&str; 8] = [
    "the item is checked, until the journal has its turn",
    "commit: accepted and ours",
    "connection, release, a fresh guest, credential, until its write",
    "commit: the step is begun",
    "the provider, through the gate",
    "commit: the answer",
    "the guest's end",
    "commit: the push's end",
];
/// Which of them is the provider's.
const PROVIDER: usize = 4;

const HEADINGS: [&str; 5] = ["", "median", "p95", "min", "max"];

/// Milliseconds, but for the number of commits.
#[derive(Default)]
pub(super) struct Taken {
    /// One of several in a row.
    pub(super) commit: Figures,
    pub(super) socket: Figures,
    pub(super) gate: Figures,
    /// A row of the readers.
    pub(super) read: Figures,
    pub(super) push: Figures,
    /// Until the caller had its answer.
    pub(super) call: Figures,
    pub(super) parts: [Figures; PARTS.len()],
    /// Commits of a push.
    pub(super) commits: Figures,
    /// When those came that are none of the four, after the call.
    pub(super) others: Figures,
}

impl Taken {
    pub(super) fn join(&mut self, more: &Self) {
        let ours = [
            (&mut self.commit, &more.commit),
            (&mut self.socket, &more.socket),
            (&mut self.gate, &more.gate),
            (&mut self.read, &more.read),
            (&mut self.push, &more.push),
            (&mut self.call, &more.call),
            (&mut self.commits, &more.commits),
            (&mut self.others, &more.others),
        ];
        ours.into_iter().chain(self.parts.iter_mut().zip(&more.parts)).for_each(|(ours, more)| ours.join(more));
    }

    /// What each side took.
    pub(super) fn table(&self) -> String {
        let rows = [
            row("a  a durable commit of one small row", &self.commit),
            row("b  the provider's own answer, over a bare socket", &self.socket),
            row("   the same through the gate, without a journal", &self.gate),
            row("c  a push, from the call until its end is stored", &self.push),
            row("   of it, until the caller has its answer", &self.call),
            row("   for comparison: a row is read", &self.read),
        ];
        lay_out(&HEADINGS, &rows)
    }

    /// Whether what is promised holds, and how many commits a push cost.
    pub(super) fn promise(&self) -> String {
        let line = |name: &str, of: fn(&Figures) -> f64| {
            let limit = f64::from(COMMITS) * of(&self.commit) + BESIDES;
            let beyond = of(&self.push) - of(&self.socket);
            let gate = of(&self.push) - of(&self.gate);
            let held = if beyond <= limit { "holds" } else { "DOES NOT HOLD" };
            let [beyond_text, limit_text, gate] = [beyond, limit, gate].map(|figure| format!("{figure:.3}"));
            let ratio = format!("{:.2}", beyond / limit);
            vec![name.to_owned(), beyond_text, limit_text, ratio, held.to_owned(), gate]
        };
        let p95 = |figures: &Figures| figures.percentile(95);
        let rows = [line("overhead at the median", Figures::median), line("overhead at p95", p95)];
        let mut text = lay_out(&["", "c - b", "4 a + 0.5", "ratio", "", "beyond the gate"], &rows);
        let commits = &self.commits;
        text.push_str(&format!(
            "\n  durable commits of a push: {:.0} (at least {:.0}, at most {:.0}); {COMMITS} are needed\n",
            commits.median(),
            commits.min(),
            commits.max()
        ));
        let others = &self.others;
        if others.median().is_finite() {
            text.push_str(&format!(
                "  the others came {:.3} ms after the call ({:.3} to {:.3})\n",
                others.median(),
                others.min(),
                others.max()
            ));
        }
        text
    }

    /// Where the time of a push goes.
    pub(super) fn split(&self) -> String {
        let rows: Vec<Vec<String>> = PARTS.iter().zip(&self.parts).map(|(name, figures)| row(name, figures)).collect();
        let medians = |from: usize| self.parts.iter().skip(from).step_by(2).map(Figures::median).sum::<f64>();
        let provider = self.parts.get(PROVIDER).map_or(f64::NAN, Figures::median);
        let mut text = lay_out(&HEADINGS, &rows);
        text.push_str(&format!(
            "\n  the commits {:.3} ms, the provider through the gate {provider:.3} ms, all else {:.3} ms (medians)\n",
            medians(1),
            medians(0) - provider
        ));
        text
    }
}

fn row(name: &str, figures: &Figures) -> Vec<String> {
    let of = [figures.median(), figures.percentile(95), figures.min(), figures.max()];
    std::iter::once(name.to_owned()).chain(of.map(|figure| format!("{figure:.3}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(push: f64) -> Taken {
        let mut taken = Taken::default();
        taken.commit.add(1.0);
        taken.socket.add(2.0);
        taken.gate.add(2.5);
        taken.push.add(push);
        taken.commits.add(4.0);
        taken
    }

    #[test]
    fn the_promise_is_held_against_commits_and_the_provider_of_the_same_run() {
        let kept = taken(6.4).promise();
        assert!(kept.contains("4.400      4.500   0.98  holds") && !kept.contains("NOT"), "{kept}");
        let broken = taken(6.6).promise();
        assert!(broken.contains("1.02  DOES NOT HOLD") && !broken.contains("the others"), "{broken}");
    }

    #[test]
    fn what_is_none_of_the_four_commits_is_told() {
        let mut taken = taken(6.4);
        taken.others.add(0.75);
        assert!(taken.promise().contains("the others came 0.750 ms after the call"), "{}", taken.promise());
    }

    #[test]
    fn rounds_come_together() {
        let mut all = taken(1.0);
        all.join(&taken(3.0));
        assert!((all.push.median() - 2.0).abs() < 1e-9 && (all.commit.median() - 1.0).abs() < 1e-9);
    }
}
