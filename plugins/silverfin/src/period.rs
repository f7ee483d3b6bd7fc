//! Which period a note goes to: the one that its date falls into, else the latest.

use patchbay_sdk::{Case, Error, Result, run, time};
use serde::Deserialize;

use crate::wire::Api;

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Period {
    pub(crate) id: u64,
    /// Dates as Silverfin writes them, `2026-03-31`; their text sorts.
    end_date: Option<String>,
    fiscal_year: Option<FiscalYear>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct FiscalYear {
    start_date: Option<String>,
    end_date: Option<String>,
}

/// All periods of a company.
pub(crate) fn of_company(api: &Api, company: &str) -> Result<Vec<Period>> {
    api.whole_list(&["companies", company, "periods"]).map_err(|error| match error.case() {
        Case::NotFound => error
            .message("Silverfin does not have this company, or hides it from the person who connected.")
            .field("/id", "Choose another company."),
        _ => error,
    })
}

/// The period for a date; today when there is none.
///
/// # Errors
/// `conflict` when the company has no period: nothing can be written to it then.
pub(crate) fn choose<'a>(periods: &'a [Period], date: Option<&str>) -> Result<&'a Period> {
    let today = time::date(run::now_ms());
    let date = date.unwrap_or(&today);
    let covering = periods.iter().filter(|period| period.covers(date));
    let upcoming = covering.clone().filter(|period| period.end_date.as_deref() >= Some(date));
    upcoming
        .min_by_key(|period| &period.end_date)
        .or_else(|| covering.max_by_key(|period| &period.end_date))
        .or_else(|| periods.iter().max_by_key(|period| &period.end_date))
        .ok_or_else(|| {
            Error::conflict(
                "This company has no period in Silverfin yet, so nothing can be written to it. Create a period there, \
                 then send this again.",
            )
        })
}

impl Period {
    fn covers(&self, date: &str) -> bool {
        self.fiscal_year.as_ref().is_some_and(|year| {
            year.start_date.as_deref().is_some_and(|start| start <= date)
                && year.end_date.as_deref().is_some_and(|end| date <= end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{FiscalYear, Period, choose};
    use patchbay_sdk::Case;

    fn period(id: u64, end: &str, year: &str) -> Period {
        let fiscal_year =
            Some(FiscalYear { start_date: Some(format!("{year}-01-01")), end_date: Some(format!("{year}-12-31")) });
        Period { id, end_date: Some(end.to_owned()), fiscal_year }
    }

    #[test]
    fn the_period_that_the_date_falls_into_is_chosen_else_the_latest() {
        let periods = [
            period(1, "2025-12-31", "2025"),
            period(3, "2026-06-30", "2026"),
            period(2, "2026-03-31", "2026"),
            Period { id: 9, end_date: None, fiscal_year: None },
        ];
        let chosen = |date| choose(&periods, Some(date)).unwrap().id;
        assert_eq!(chosen("2026-02-01"), 2);
        assert_eq!(chosen("2026-03-31"), 2);
        assert_eq!(chosen("2026-04-01"), 3);
        assert_eq!(chosen("2026-11-21"), 3, "the year's last period, when the quarter has none yet");
        assert_eq!(chosen("2025-05-05"), 1);
        assert_eq!(chosen("2031-01-01"), 3, "the latest");
        assert_eq!(choose(&[], None).unwrap_err().case(), Case::Conflict);
    }
}
