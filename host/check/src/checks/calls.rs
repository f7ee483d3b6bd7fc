//! One call that is not a reading: what it came to and what was seen.

use std::{collections::BTreeSet, sync::Arc};

use patchbay_fixture::{Item, Placed};
use patchbay_model::{
    Failure,
    contract::{Choices, Identity, Object, PickRequest, PushOutcome, StreamInfo},
};
use tokio::time::Instant;

use super::{Ran, Suite};
use crate::{
    diary::Diary,
    player::{Heard, Twist},
    stage::{Mode, Opening, Run, Setting, Writer, milliseconds},
    writing::written,
};

/// A call and what came of it.
pub(super) struct Called<T> {
    pub(super) came: Result<T, Failure>,
    pub(super) heard: Heard,
}

/// What every call needs.
pub(super) struct Scene<'a> {
    pub(super) placed: &'a Placed,
    pub(super) setting: &'a Setting,
    pub(super) twist: Twist,
}

impl Scene<'_> {
    fn opening<'b>(&'b self, used: &'b BTreeSet<usize>, writer: Option<Writer>) -> Opening<'b> {
        Opening {
            setting: self.setting,
            exchanges: &self.placed.fixture.exchanges,
            used,
            twist: self.twist,
            writer,
            stopped: false,
        }
    }
}

/// Opens an instance, calls one export, and takes in what was seen.
macro_rules! called {
    ($suite:ident, $scene:ident, $writer:expr, |$run:ident| $call:expr) => {{
        let used = BTreeSet::new();
        match $suite.stage.open($scene.opening(&used, $writer)).await {
            Err(failure) => Called { came: Err(failure), heard: Heard::default() },
            Ok(mut $run) => {
                let begun = Instant::now();
                let came = $call;
                let ms = milliseconds(begun.elapsed());
                ended($suite, $scene, $run, came, ms)
            }
        }
    }};
}

fn ended<T>(suite: &mut Suite<'_>, scene: &Scene<'_>, run: Run, came: Result<T, Failure>, ms: u64) -> Called<T> {
    let figures = run.instance.figures();
    let heard = run.actor.heard();
    drop(run.instance);
    let log = run.log.lines();
    let came = came.map_err(|failure| run.log.explain(failure));
    suite.note(&Ran {
        at: scene.placed.file.clone(),
        heard: &heard,
        log: &log,
        failure: came.as_ref().err(),
        memory_bytes: figures.memory_bytes,
        host_calls: figures.host_calls,
        ms,
        calls: 1,
    });
    Called { came, heard }
}

pub(super) async fn identify(suite: &mut Suite<'_>, scene: &Scene<'_>) -> Called<Identity> {
    called!(suite, scene, None, |run| run.instance.identify(&scene.setting.context).await)
}

pub(super) async fn discover(suite: &mut Suite<'_>, scene: &Scene<'_>) -> Called<Vec<StreamInfo>> {
    called!(suite, scene, None, |run| run.instance.discover(&scene.setting.context).await)
}

pub(super) async fn pick(suite: &mut Suite<'_>, scene: &Scene<'_>, request: &PickRequest) -> Called<Choices> {
    called!(suite, scene, None, |run| run.instance.pick(&scene.setting.context, request).await)
}

pub(super) async fn push(
    suite: &mut Suite<'_>,
    scene: &Scene<'_>,
    item: &Item,
    diary: &Arc<Diary>,
    attempt: u32,
) -> Called<PushOutcome> {
    let (files, item) = written(item, attempt);
    let writer = Some(Writer { diary: Arc::clone(diary), files: Arc::new(files), mode: Mode::Writes });
    called!(suite, scene, writer, |run| run.instance.push(&scene.setting.context, &item).await)
}

pub(super) async fn find(
    suite: &mut Suite<'_>,
    scene: &Scene<'_>,
    item: &Item,
    step: &str,
    sent_ms: u64,
) -> Called<Option<Object>> {
    let (files, item) = written(item, 1);
    let diary = Arc::new(Diary::of(true, false));
    let writer = Some(Writer { diary, files: Arc::new(files), mode: Mode::Looks });
    called!(suite, scene, writer, |run| run.instance.find(&scene.setting.context, &item, step, sent_ms).await)
}
