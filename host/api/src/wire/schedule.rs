//! Schedules on the wire: as they are told, and as they are asked for.

use patchbay_model::{Code, Fault, Schedule as Inside};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::problem::Problem;

/// When a sync is due: every so often (`every`), or by a cron expression (`cron`, `zone`, `jitter`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"every": null, "cron": "30 2 * * *", "zone": "Europe/Brussels", "jitter": "60s"}))]
pub(crate) struct Schedule {
    /// From one slot to the next, e.g. `15m`; null for a cron expression. Slots are spread over the interval, so
    /// that not all syncs start together.
    every: Option<String>,
    /// The cron expression, five fields; null for an interval.
    cron: Option<String>,
    /// The zone whose clock the cron expression means, an IANA name; null for an interval.
    zone: Option<String>,
    /// A slot is due within so much time behind what the cron expression says; null for an interval.
    jitter: Option<String>,
}

impl From<&Inside> for Schedule {
    fn from(schedule: &Inside) -> Self {
        use patchbay_model::manifest::duration_text;
        match schedule {
            Inside::Every(every) => Self { every: Some(duration_text(*every)), cron: None, zone: None, jitter: None },
            Inside::Cron { cron, zone, jitter } => Self {
                every: None,
                cron: Some(cron.clone()),
                zone: Some(zone.clone()),
                jitter: Some(duration_text(*jitter)),
            },
        }
    }
}

/// A schedule that is asked for: `every`, or `cron` with its `zone` and `jitter`.
///
/// Refused with PB5012 and the member that is wrong.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"cron": "30 2 * * *", "zone": "Europe/Brussels", "jitter": "60s"}))]
pub(crate) struct ScheduleWanted {
    /// From one slot to the next: a number and `s`, `m`, `h` or `d`, from `10s` to `366d`.
    every: Option<String>,
    /// Five fields (minute, hour, day of the month, month, day of the week); no seconds.
    cron: Option<String>,
    /// The zone whose clock the cron expression means, an IANA name; UTC when left out.
    zone: Option<String>,
    /// A slot is due within so much time behind what the cron expression says, the same way each time; `60s` when
    /// left out, at most `1h`, `0s` for none.
    jitter: Option<String>,
}

impl ScheduleWanted {
    /// The schedule, or which member is wrong and what to write instead.
    pub(crate) fn read(self) -> Result<Inside, Problem> {
        let Self { every, cron, zone, jitter } = &self;
        let parse = |members: &[(&str, &Option<String>)]| {
            let given =
                members.iter().filter_map(|(name, text)| text.as_ref().map(|text| ((*name).to_owned(), json!(text))));
            Inside::parse(&Value::Object(given.collect()).to_string())
        };
        let all = [("every", every), ("cron", cron), ("zone", zone), ("jitter", jitter)];
        parse(&all).map_err(|error| {
            let pointer = match (every, cron) {
                (Some(_), None) if zone.is_none() && jitter.is_none() => "/schedule/every",
                (None, Some(_)) if parse(&[("cron", cron)]).is_err() => "/schedule/cron",
                (None, Some(_)) if parse(&[("cron", cron), ("zone", zone)]).is_err() => "/schedule/zone",
                (None, Some(_)) => "/schedule/jitter",
                // Each may be right: they do not go together, or say not when.
                _ => "/schedule",
            };
            Problem(Fault::new(Code::ScheduleInvalid).field(pointer, error))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(value: Value) -> Result<Inside, (Code, String, String)> {
        let wanted: ScheduleWanted = serde_json::from_value(value).expect("the right form");
        wanted.read().map_err(|Problem(fault)| {
            let [field] = fault.fields.as_slice() else { panic!("{fault:?}") };
            (fault.code, field.pointer.clone(), field.message.clone())
        })
    }

    #[test]
    fn a_schedule_that_is_sent_back_as_it_was_told_is_the_same() {
        for asked in
            [json!({"every": "15m"}), json!({"cron": "30 2 * * *", "zone": "Europe/Brussels", "jitter": "90s"})]
        {
            let schedule = wanted(asked.clone()).expect("a schedule");
            let told = serde_json::to_value(Schedule::from(&schedule)).expect("an answer");
            for (name, text) in asked.as_object().expect("members") {
                assert_eq!(told[name], *text);
            }
            assert_eq!(wanted(told).as_ref(), Ok(&schedule), "{asked}");
        }
    }

    #[test]
    fn a_wrong_schedule_is_refused_with_the_member_that_is_wrong() {
        for (asked, pointer) in [
            (json!({"every": "often"}), "/schedule/every"),
            (json!({"every": "5s"}), "/schedule/every"),
            (json!({"cron": "0 0 30 2 *"}), "/schedule/cron"),
            (json!({"cron": "0 30 2 * * *", "zone": "Mars/Base"}), "/schedule/cron"),
            (json!({"cron": "30 2 * * *", "zone": "Mars/Base", "jitter": "9h"}), "/schedule/zone"),
            (json!({"cron": "30 2 * * *", "jitter": "9h"}), "/schedule/jitter"),
            (json!({"every": "15m", "cron": "30 2 * * *"}), "/schedule"),
            (json!({"every": "15m", "zone": "Europe/Brussels"}), "/schedule"),
            (json!({"zone": "Europe/Brussels"}), "/schedule"),
            (json!({}), "/schedule"),
        ] {
            let (code, at, message) = wanted(asked.clone()).expect_err("a wrong one");
            assert_eq!((code, at.as_str()), (Code::ScheduleInvalid, pointer), "{asked}: {message}");
            assert!(!message.is_empty());
        }
    }
}
