//! Who wrote what about runs, by what the database itself saw: triggers that note each change with the name of the
//! session ([`crate::name`]) and the server's clock.
//!
//! No host knows of it, and a host that is wrong about itself cannot hide it: what two owners of one run would do to
//! its row stands here in the order in which it happened, since a row is changed by one after the other.

use std::collections::BTreeMap;

use patchbay_test_support::{Result, Trouble};

use crate::ServerDatabase;

const INSTALL: &str = "
CREATE TABLE witness (
    no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at BIGINT NOT NULL, who TEXT NOT NULL, about TEXT NOT NULL,
    subject TEXT, state_before TEXT, state TEXT, epoch_before BIGINT, epoch BIGINT, lease_before BIGINT, lease BIGINT,
    pages_before BIGINT, pages BIGINT, ended_before BIGINT, ended BIGINT
);
CREATE FUNCTION witness_at() RETURNS BIGINT LANGUAGE sql AS
    $$ SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) $$;
CREATE FUNCTION witness_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (at, who, about, subject, state_before, state, epoch_before, epoch, lease_before, lease,
        pages_before, pages, ended_before, ended)
    VALUES (witness_at(), current_setting('application_name'), 'run', NEW.id, OLD.state, NEW.state, OLD.epoch, NEW.epoch,
        OLD.lease_until, NEW.lease_until, OLD.pages, NEW.pages, OLD.ended_at, NEW.ended_at);
    RETURN NULL; END $$;
CREATE FUNCTION witness_cursor() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (at, who, about, subject) VALUES (witness_at(), current_setting('application_name'), 'cursor',
        (SELECT id FROM runs WHERE sync = NEW.id AND state = 'running'));
    RETURN NULL; END $$;
CREATE FUNCTION witness_refresh() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (at, who, about, subject, epoch_before, epoch) VALUES (witness_at(),
        current_setting('application_name'), 'refresh', NEW.connection, OLD.refresh_epoch, NEW.refresh_epoch);
    RETURN NULL; END $$;
CREATE TRIGGER witness_run AFTER UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION witness_run();
CREATE TRIGGER witness_cursor AFTER UPDATE ON syncs FOR EACH ROW WHEN (OLD.cursor IS DISTINCT FROM NEW.cursor)
    EXECUTE FUNCTION witness_cursor();
CREATE TRIGGER witness_refresh AFTER UPDATE ON credentials FOR EACH ROW
    WHEN (OLD.refresh_epoch IS DISTINCT FROM NEW.refresh_epoch) EXECUTE FUNCTION witness_refresh();
";

/// What was noted, and who owns what by that.
pub struct Witness<'a> {
    database: &'a ServerDatabase,
    after: u64,
    /// Epoch and owner of each run.
    owners: BTreeMap<String, (i64, String)>,
    /// Pages and ends that were written by their owners.
    pub writes: u64,
}

/// A run that one took over from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeOver {
    /// The run.
    pub run: String,
    /// Whose it was.
    pub from: String,
    /// Whose it is.
    pub by: String,
    /// When, microseconds since 1970 by the server's clock.
    pub at: u64,
    /// When the lease before had ended.
    pub lapsed: u64,
}

/// One change.
struct Noted<'a> {
    at: u64,
    who: &'a str,
    about: &'a str,
    subject: &'a str,
    state: (&'a str, &'a str),
    epoch: (i64, i64),
    lease: (&'a str, &'a str),
    pages: (&'a str, &'a str),
    ended: (&'a str, &'a str),
}

impl<'a> Noted<'a> {
    fn of(line: &'a str) -> Option<(u64, Self)> {
        let columns: Vec<&str> = line.split('|').collect();
        let [no, at, who, about, subject, s0, s1, e0, e1, l0, l1, p0, p1, d0, d1] = columns.as_slice() else {
            return None;
        };
        let epoch = |text: &str| text.parse().unwrap_or(0);
        let (state, lease, pages, ended) = ((*s0, *s1), (*l0, *l1), (*p0, *p1), (*d0, *d1));
        let noted = Self {
            at: at.parse().ok()?,
            who,
            about,
            subject,
            state,
            epoch: (epoch(e0), epoch(e1)),
            lease,
            pages,
            ended,
        };
        Some((no.parse().ok()?, noted))
    }
}

impl<'a> Witness<'a> {
    /// Begins to watch a database that a host has set up.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn of(database: &'a ServerDatabase) -> Result<Self> {
        database.sql(INSTALL)?;
        Ok(Self { database, after: 0, owners: BTreeMap::new(), writes: 0 })
    }

    /// Reads on, and checks that each run had one owner at any time. To be called while nothing runs: what is
    /// being written has a number already, and is not seen yet.
    ///
    /// # Errors
    ///
    /// A run was taken from an owner with a lease, was written by somebody else than its owner, or went on after its
    /// end; an epoch was not the next one; a cursor moved without its run.
    pub fn follow(&mut self) -> Result<Vec<TakeOver>> {
        let text = self.database.sql(&format!("SELECT * FROM witness WHERE no > {} ORDER BY no", self.after))?;
        let mut taken = Vec::new();
        for line in text.lines() {
            let (no, noted) = Noted::of(line).ok_or_else(|| Trouble::new(format!("noted: {line}")))?;
            self.after = no;
            if !noted.who.starts_with("node-") {
                return Err(Trouble::new(format!("somebody without a name wrote: {line}")));
            }
            let checked = match noted.about {
                "run" => self.run(&noted, &mut taken),
                "cursor" => self.owned(&noted),
                _ => Ok(()),
            };
            checked.map_err(|why| Trouble::new(format!("{why}: {line}")))?;
        }
        Ok(taken)
    }

    fn run(&mut self, noted: &Noted<'_>, taken: &mut Vec<TakeOver>) -> std::result::Result<(), &'static str> {
        let (before, after) = noted.epoch;
        if !noted.ended.0.is_empty() {
            let changed = noted.ended.0 != noted.ended.1 || noted.state.0 != noted.state.1 || before != after;
            return if changed { Err("a run that had ended goes on, or ends again") } else { Ok(()) };
        }
        if after == before {
            let theirs =
                noted.pages.0 != noted.pages.1 || noted.lease.0 != noted.lease.1 || noted.state.0 != noted.state.1;
            self.writes += u64::from(noted.pages.0 != noted.pages.1 || noted.state.0 != noted.state.1);
            return if noted.state.0 == "running" && theirs { self.owned(noted) } else { Ok(()) };
        }
        if after != before + 1 {
            return Err("an epoch is not the next one");
        }
        let owner = self.owners.get(noted.subject).map(|(_, who)| who.clone()).unwrap_or_default();
        // One whose sync is read anew goes back to the queue: everything that its owner still writes is refused.
        if noted.state.0 == "running" && noted.state.1 != "due" && owner != noted.who {
            let lapsed = noted.lease.0.parse().unwrap_or(u64::MAX);
            if noted.at < lapsed {
                return Err("a run was taken from an owner that had a lease");
            }
            let (run, by) = (noted.subject.to_owned(), noted.who.to_owned());
            taken.push(TakeOver { run, from: owner, by, at: noted.at, lapsed });
        }
        self.owners.insert(noted.subject.to_owned(), (after, noted.who.to_owned()));
        Ok(())
    }

    fn owned(&self, noted: &Noted<'_>) -> std::result::Result<(), &'static str> {
        match self.owners.get(noted.subject) {
            Some((_, who)) if who == noted.who => Ok(()),
            // It began before anybody watched.
            None if noted.about == "run" => Ok(()),
            _ => Err("somebody wrote who was not the owner"),
        }
    }

    /// Who took the last lease to refresh this connection.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text; nobody did.
    pub fn refreshes(&self, connection: &str) -> Result<String> {
        let sql = format!(
            "SELECT who FROM witness WHERE about = 'refresh' AND subject = '{connection}' ORDER BY no DESC LIMIT 1"
        );
        let who = self.database.sql(&sql)?;
        if who.is_empty() { Err(Trouble::new(format!("nobody refreshes {connection}"))) } else { Ok(who) }
    }
}
