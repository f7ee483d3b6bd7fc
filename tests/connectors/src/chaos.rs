//! The error table of a sheet, row by row, on one host.
//!
//! Each row begins with a connection that works and has everything, and with something new at the provider; so what a
//! place that moved too far has lost is seen when the row has recovered. A row that fails says so at the end, and the
//! next one begins with a connection of its own.
//!
//! What a provider asks to wait is waited by the clock on the wall, for the connection that was asked. So a row with a
//! long `Retry-After` is not followed to its recovery, which a shorter one shows, and the next one begins afresh too.

use patchbay_it::Rig;
use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::Value;

use crate::{
    Case, ErrorRow, On, Scene, Stands, Then,
    outcome::Of,
    pushes::Writer,
    reads::Reader,
    scene::rig,
    signs::{connection, ended, more_objects, objects, set_up, stands, text, within_the_sheet},
};

/// Longest wait for something that the host does by itself.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Plays the table.
///
/// # Errors
///
/// Rows do not end as they say; the text has a line for each.
pub fn chaos(case: &Case) -> Result<()> {
    let rig = rig(case)?;
    let (mut wrong, mut next) = (Vec::new(), Some(0));
    while let Some(begin) = next {
        next = some_rows(case, &rig, begin, &mut wrong).map_err(|error| told(case, &wrong, &error))?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(told(case, &wrong, &Trouble::new("these rows are not so"))) }
}

fn told(case: &Case, wrong: &[String], error: &Trouble) -> Trouble {
    Trouble::new(format!("{}: {error}\n{}", case.id, wrong.join("\n")))
}

/// Plays rows on one connection until one of them needs another; that row.
fn some_rows(case: &Case, rig: &Rig, begin: usize, wrong: &mut Vec<String>) -> Result<Option<usize>> {
    let tenant = rig.tenant(&format!("rows from {begin}"))?;
    let scene = Scene::of(rig, &tenant, case)?;
    if begin == 0 {
        (case.install)(&scene)?;
        (case.prepare)(&scene)?;
    }
    let id = (case.connect)(&scene)?;
    set_up(&scene, &id)?;
    let mut reader = Reader::first(&scene, &id)?;
    let rows = (case.rows)(&scene)?;
    for (place, row) in rows.iter().enumerate().skip(begin) {
        let played = play(&mut reader, row, place);
        scene.stage.script.clear();
        let spent = match played {
            Ok(spent) => spent,
            Err(error) => {
                wrong.push(format!("row {:?}: {error}", row.name));
                (row.after)(&scene)?;
                true
            }
        };
        if spent {
            // What waits for this provider, or goes on failing, is in nobody's way then.
            scene.tenant.api.delete(&format!("/v1/connections/{id}"))?.expect(204)?;
            return within_the_sheet(&scene).map(|()| Some(place + 1).filter(|next| *next < rows.len()));
        }
    }
    within_the_sheet(&scene).map(|()| None)
}

/// Whether the next row needs another connection.
fn play(reader: &mut Reader<'_>, row: &ErrorRow, place: usize) -> Result<bool> {
    let scene = reader.scene;
    connection(scene, &reader.connection, Stands::Active)?;
    reader.change()?;
    scene.tenant.settled()?;
    (row.before)(scene)?;
    for rule in &row.rules {
        scene.stage.script.add(rule.clone());
    }
    match row.on {
        On::Stream(stream) => read(reader, row, stream)?,
        On::Action(action) => write(reader, row, action, place)?,
    }
    if row.pauses() {
        return Ok(true);
    }
    connection(scene, &reader.connection, Stands::Active)?;
    // All that the row had in its way comes now, and nothing is missing.
    reader.to_the_end()?;
    reader.stored()?;
    reader.is_true()?;
    Ok(false)
}

fn read(reader: &mut Reader<'_>, row: &ErrorRow, stream: &str) -> Result<()> {
    let scene = reader.scene;
    let id = reader.connection.clone();
    let sync = scene.tenant.sync(&id, stream)?;
    reader.stored()?;
    let run = ended(scene, &scene.tenant.run(&sync)?)?;
    ended_as(&run, row.end)?;
    let stored = reader.stored()?.into_iter().filter(|(of, ..)| of == stream).count();
    let from_the_start = row.rules.iter().all(|rule| rule.skip == 0);
    if row.then != Then::Nothing && from_the_start && stored != 0 {
        return Err(Trouble::new(format!("{stored} records changed by a run that could read nothing: {run}")));
    }
    connection(scene, &id, row.connection)?;
    let open = open(scene, &id, &sync)?.map(|run| text(&run, "trigger"));
    let wanted = match row.then {
        Then::Again => Some("retry"),
        Then::Later => Some("more"),
        Then::Nothing | Then::Never | Then::Reconnect => None,
    };
    if open.as_deref() != wanted {
        return Err(Trouble::new(format!("{wanted:?} was to follow, and {open:?} does: {run}")));
    }
    let known = reader.runs()?;
    well_again(scene, row)?;
    if row.pauses() {
        return Ok(());
    }
    let recovered = match row.then {
        Then::Nothing => return Ok(()),
        Then::Never => ended(scene, &scene.tenant.run(&sync)?)?,
        Then::Again | Then::Later => {
            scene.rig.advance(row.waits)?;
            goes_on(scene, &id, &sync, &run)?
        }
        Then::Reconnect => {
            (scene.case.reconnect)(scene, &id)?;
            goes_on(scene, &id, &sync, &run)?
        }
    };
    ended_as(&recovered, Of { state: "done", code: None })?;
    // Neither too far, which would show as something lost, nor back to the start.
    reader.read_less(&known)
}

fn write(reader: &Reader<'_>, row: &ErrorRow, action: &str, place: usize) -> Result<()> {
    let (scene, id) = (reader.scene, reader.connection.as_str());
    let known = scene.case.actions.iter().find(|known| known.name == action);
    let known = known.ok_or_else(|| Trouble::new(format!("the case has no action {action:?}")))?;
    let writer = Writer::of(scene, id, known)?;
    let before = objects(scene);
    let key = format!("row-{place}");
    let push = writer.push(&key)?;
    let stood = writer.stands(&push, row.end.state, row.end.code)?;
    connection(scene, id, row.connection)?;
    match row.then {
        Then::Nothing => return more_objects(scene, &before, known.writes),
        Then::Never => {
            more_objects(scene, &before, row.leaves)?;
            if !stood.get("next_at").is_none_or(Value::is_null) {
                return Err(Trouble::new(format!("nothing was to follow: {stood}")));
            }
            well_again(scene, row)?;
            return writer.written(&format!("{key}-after")).map(drop);
        }
        Then::Again | Then::Later => {
            well_again(scene, row)?;
            if row.pauses() {
                return more_objects(scene, &before, row.leaves);
            }
            scene.rig.advance(row.waits)?;
        }
        Then::Reconnect => {
            well_again(scene, row)?;
            (scene.case.reconnect)(scene, id)?;
        }
    }
    writer.done(&push)?;
    more_objects(scene, &before, known.writes)
}

fn well_again(scene: &Scene<'_>, row: &ErrorRow) -> Result<()> {
    scene.stage.script.clear();
    (row.after)(scene)
}

fn ended_as(run: &Value, wanted: Of) -> Result<()> {
    let (state, code) = stands(run);
    if state == wanted.state && code.as_deref() == wanted.code {
        return Ok(());
    }
    Err(Trouble::new(format!("{} {:?} was expected: {run}", wanted.state, wanted.code)))
}

/// The run of a sync that waits or runs.
fn open(scene: &Scene<'_>, connection: &str, sync: &str) -> Result<Option<Value>> {
    let runs = scene.tenant.runs(connection)?;
    Ok(runs.into_iter().find(|run| text(run, "sync") == sync && run.get("ended_at").is_none_or(Value::is_null)))
}

/// Waits for the end of the run that follows by itself; the run.
fn goes_on(scene: &Scene<'_>, connection: &str, sync: &str, than: &Value) -> Result<Value> {
    let newer = wait_until(&format!("the run after {}", text(than, "id")), LIMIT, || {
        let newest = scene.tenant.runs(connection)?.into_iter().find(|run| text(run, "sync") == sync);
        Ok(newest.filter(|run| text(run, "id") != text(than, "id")))
    })?;
    ended(scene, &text(&newer, "id"))
}
