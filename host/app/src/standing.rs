//! How a connection stands, for a person: one word, and why it is a warning. Derived from facts, never stored, and by the
//! same rule as the card of its connector.

use std::collections::HashMap;

use patchbay_model::{CardStatus, Code, ConnectionId, ConnectionState, ConnectionStatus, Fault, RunState, TenantId};
use patchbay_store::{Connection, Tally, Trouble};

use crate::App;

/// How a connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// In a word.
    pub status: ConnectionStatus,
    /// Why it is a warning, the first few; empty where it is none.
    pub warnings: Vec<Warning>,
    /// How many there are, with those that are not told.
    pub warning_count: u64,
}

/// Something that a person should know of a connection that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What sort of trouble.
    pub code: Code,
    /// What it is, for a person; without the stream's name.
    pub text: String,
    /// The stream that has it; none where it is not of a stream.
    pub stream: Option<String>,
    /// That stream's account (provider id); empty for a stream per connection.
    pub account: String,
    /// How many pushes are unknown; none where it is of a stream.
    pub pushes: Option<u64>,
}

/// What is wrong with a connection, as it was read.
#[derive(Default)]
struct Found {
    troubles: Vec<Trouble>,
    unknown: u64,
}

impl App {
    /// How these connections of a tenant stand, in their order: two statements, however many there are.
    pub(crate) async fn standings_of(&self, tenant: &TenantId, rows: &[Connection]) -> Result<Vec<Standing>, Fault> {
        let may_warn = |row: &&Connection| row.enabled && row.state == ConnectionState::Active;
        let ids: Vec<ConnectionId> = rows.iter().filter(may_warn).map(|row| row.id.clone()).collect();
        let mut found: HashMap<ConnectionId, Found> = HashMap::new();
        if !ids.is_empty() {
            let (troubles, unknown) =
                tokio::try_join!(self.store.troubles(tenant, &ids), self.store.unknown_pushes(tenant, &ids))?;
            for trouble in troubles {
                found.entry(trouble.connection.clone()).or_default().troubles.push(trouble);
            }
            for pushes in unknown {
                found.entry(pushes.connection).or_default().unknown = pushes.count;
            }
        }
        Ok(rows.iter().map(|row| standing(row, found.remove(&row.id).unwrap_or_default())).collect())
    }

    /// How one stands.
    pub(crate) async fn connection_standing(&self, row: &Connection) -> Result<Standing, Fault> {
        let standings = self.standings_of(&row.tenant, std::slice::from_ref(row)).await?;
        standings.into_iter().next().ok_or_else(|| Fault::new(Code::Internal))
    }
}

fn standing(row: &Connection, found: Found) -> Standing {
    let streams = found.troubles.first().map_or(0, |trouble| trouble.of);
    let warning_count = streams + u64::from(found.unknown > 0);
    let pushes = (found.unknown > 0).then(|| unknown(found.unknown));
    Standing {
        status: match row.state {
            ConnectionState::Pending => ConnectionStatus::Pending,
            ConnectionState::Broken | ConnectionState::NeedsSetup | ConnectionState::Deleted => {
                ConnectionStatus::ActionRequired
            }
            ConnectionState::Active if warning_count > 0 => ConnectionStatus::Warning,
            ConnectionState::Active => ConnectionStatus::Active,
        },
        warnings: pushes.into_iter().chain(found.troubles.into_iter().map(of_stream)).collect(),
        warning_count,
    }
}

fn unknown(pushes: u64) -> Warning {
    let text = match pushes {
        1 => "It is not known whether 1 item was written.".to_owned(),
        more => format!("It is not known whether {more} items were written."),
    };
    Warning { code: Code::OutcomeUnknown, text, stream: None, account: String::new(), pushes: Some(pushes) }
}

fn of_stream(trouble: Trouble) -> Warning {
    let by_state = match trouble.state {
        None => Code::Overdue,
        Some(RunState::Stalled) => Code::RunStalled,
        Some(RunState::Held) => Code::DeletionsHeld,
        Some(_) => Code::ConnectorFailed,
    };
    // Why the last run ended says nothing about why there is none.
    let code = trouble.state.and(trouble.code).unwrap_or(by_state);
    let said = trouble.state.and(trouble.person).filter(|text| !text.is_empty());
    let text = said.unwrap_or_else(|| format!("{}.", code.title()));
    Warning { code, text, stream: Some(trouble.stream), account: trouble.account, pushes: None }
}

/// The status of the card whose connections stand so: the first that fits, as `architecture.md` orders them.
pub(crate) fn of_card(tally: Option<&Tally>) -> CardStatus {
    match tally {
        None => CardStatus::Connect,
        Some(tally) if tally.pending == tally.connections => CardStatus::Connect,
        Some(tally) if tally.lost > 0 => CardStatus::ActionRequired,
        Some(tally) if tally.troubled > 0 => CardStatus::Warning,
        Some(_) => CardStatus::Active,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(connections: u64, pending: u64, lost: u64, troubled: u64) -> Tally {
        Tally { connector: "acme.books".to_owned(), connections, pending, lost, troubled }
    }

    #[test]
    fn a_card_says_the_worst_of_its_connections_and_nothing_of_those_that_are_not_confirmed() {
        assert_eq!(of_card(None), CardStatus::Connect);
        assert_eq!(of_card(Some(&tally(2, 2, 0, 0))), CardStatus::Connect);
        assert_eq!(of_card(Some(&tally(3, 1, 0, 0))), CardStatus::Active);
        assert_eq!(of_card(Some(&tally(3, 0, 0, 1))), CardStatus::Warning);
        assert_eq!(of_card(Some(&tally(3, 1, 1, 1))), CardStatus::ActionRequired);
    }

    fn trouble(state: Option<RunState>, code: Option<Code>, person: Option<&str>) -> Warning {
        of_stream(Trouble {
            connection: ConnectionId::fresh(&patchbay_model::SystemClock, &patchbay_model::SeededRandom::new(1)),
            account: String::new(),
            stream: "invoices".to_owned(),
            state,
            code,
            person: person.map(str::to_owned),
            last_success_at: None,
            of: 1,
        })
    }

    #[test]
    fn a_warning_says_what_the_run_said_and_of_silence_that_it_is_silent() {
        let failed = trouble(Some(RunState::Failed), Some(Code::ProviderOutage), Some("Try later."));
        assert_eq!((failed.code, failed.text.as_str()), (Code::ProviderOutage, "Try later."));
        let held = trouble(Some(RunState::Held), None, None);
        assert_eq!((held.code, held.text.as_str()), (Code::DeletionsHeld, "Deletions wait for approval."));
        let silent = trouble(None, Some(Code::Cancelled), Some("Somebody stopped it"));
        assert_eq!(silent.code, Code::Overdue);
        assert_eq!(silent.text, format!("{}.", Code::Overdue.title()));
        assert_eq!(unknown(1).text, "It is not known whether 1 item was written.");
    }
}
