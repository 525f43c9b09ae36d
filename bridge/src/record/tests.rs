// SPDX-License-Identifier: LGPL-2.1-or-later

//! Records in a folder of the test's own.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use images_proto::delete::{Extent, Probed, ReceiptItem, Step, StepDone, Target, Verdict};
use images_proto::history::UndoneItem;
use images_proto::{Digest, TagRef, garbage};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn tag(tag: &str) -> TagRef {
    TagRef { repository: "shop/api".parse().unwrap(), tag: tag.parse().unwrap() }
}

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

pub(super) fn place() -> Place {
    Place {
        key: "https://a:6443".to_owned(),
        registry: "registry.example.com".to_owned(),
        user: Some("amy".to_owned()),
    }
}

fn params(tags: &[&str]) -> Params {
    Params::of(tags.iter().map(|name| Target::Tag(tag(name))).collect())
}

fn plan(tags: &[&str]) -> Plan {
    let step = |name: &&str| Step::Tag { tag: tag(name), digest: Some(digest(1)) };
    Plan { fingerprint: "f1".to_owned(), steps: tags.iter().map(step).collect(), ..Plan::default() }
}

fn header(tags: &[&str]) -> Header {
    let before = Before::Openshift { streams: BTreeMap::new() };
    Header::deletion(place(), params(tags), plan(tags), before)
}

fn kept() -> Outcome {
    Outcome::Kept(Failure::new(Code::Conflict, "It is still there.").with_fix("Look again."))
}

fn receipt(outcomes: &[Outcome]) -> Receipt {
    let item = |(idx, outcome): (usize, &Outcome)| ReceiptItem {
        target: Target::Tag(tag(&format!("v{idx}"))),
        outcome: outcome.clone(),
    };
    Receipt {
        ended: 1_773_742_272,
        items: outcomes.iter().enumerate().map(item).collect(),
        ..Receipt::default()
    }
}

fn records() -> (TempDir, Records) {
    let home = tempfile::tempdir().unwrap();
    let records = Records::in_folder(&home.path().join("state/changes"));
    (home, records)
}

fn file_of(records: &Records, id: &str) -> PathBuf {
    folder::path(records.folder.as_deref().unwrap(), id)
}

fn state(records: &Records, id: &str) -> State {
    records.entry(id).unwrap().change.state
}

#[test]
fn a_change_is_written_down_for_its_user_alone_before_it_is_made() {
    let (home, records) = records();
    let writing = records.begin(header(&["v1", "v2", "v3", "v4"])).unwrap();
    let id = writing.id().to_owned();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let file = file_of(&records, &id);
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert_eq!(mode(&home.path().join("state")), 0o700);
    let change = records.entry(&id).unwrap().change;
    assert_eq!(change.targets, ["shop/api:v1", "shop/api:v2", "shop/api:v3"]);
    assert_eq!((change.target_count, change.state), (4, State::Running));
    assert_eq!((change.act, change.user.as_deref()), (Act::Delete, Some("amy")));
    drop(writing);
    assert_eq!(state(&records, &id), State::Interrupted { done: 0, total: 4 });
}

#[test]
fn the_end_is_counted_by_target() {
    let (_home, records) = records();
    let writing = records.begin(header(&["v0", "v1", "v2", "v3", "v4"])).unwrap();
    let id = writing.id().to_owned();
    let unproved = Outcome::Unproved(Failure::new(Code::Busy, "x"));
    let outcomes = [Outcome::Deleted, Outcome::Absent, kept(), unproved, Outcome::Untried];
    writing.end(&receipt(&outcomes));
    assert_eq!(state(&records, &id), State::Ended { good: 2, kept: 2, unproved: 1 });
    let (entry, record) = records.record(&id).unwrap();
    assert_eq!(entry.change.ended, Some(1_773_742_272));
    assert_eq!(record.params, Some(params(&["v0", "v1", "v2", "v3", "v4"])));
    assert_eq!(record.receipt.unwrap().items.len(), 5);
}

#[test]
fn where_nothing_can_be_written_nothing_may_be_done() {
    let blocked = tempfile::tempdir().unwrap();
    let file = blocked.path().join("file");
    std::fs::write(&file, "").unwrap();
    let records = Records::in_folder(&file.join("changes"));
    let failure = records.begin(header(&["v1"])).unwrap_err();
    assert!(failure.message.contains(&file.join("changes").display().to_string()), "{failure:?}");
    assert!(failure.fix.unwrap().contains("nothing was done"));
    let failure = Records::default().begin(header(&["v1"])).unwrap_err();
    assert!(failure.message.contains("no home"), "{failure:?}");
}

#[test]
fn what_was_broken_off_is_gone_on_with() {
    let (_home, records) = records();
    let writing = records.begin(header(&["v1", "v2", "v3"])).unwrap();
    let id = writing.id().to_owned();
    writing.step(0, &Outcome::Deleted);
    writing.step(2, &kept());
    assert!(records.unfinished(&place(), &params(&["v1", "v2", "v3"])).is_none(), "it runs");
    assert_eq!(records.unfinished_by_id(&place(), &id).unwrap_err().code, Code::Conflict);
    drop(writing);
    assert_eq!(state(&records, &id), State::Interrupted { done: 1, total: 3 });

    // A crash in the middle of a line.
    let mut torn = OpenOptions::new().append(true).open(file_of(&records, &id)).unwrap();
    torn.write_all(br#"{"step":{"step":1,"done":2,"outc"#).unwrap();
    assert_eq!(state(&records, &id), State::Interrupted { done: 1, total: 3 });

    let found = records.unfinished(&place(), &params(&["v1", "v2", "v3"])).unwrap();
    assert_eq!((found.writing.id(), &found.plan.fingerprint[..]), (&*id, "f1"));
    assert_eq!(found.done.keys().copied().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(state(&records, &id), State::Running);
    found.writing.step(1, &Outcome::Absent);
    drop(found);
    assert_eq!(state(&records, &id), State::Interrupted { done: 2, total: 3 });
    let found = records.unfinished_by_id(&place(), &id).unwrap();
    assert_eq!(found.done.len(), 3, "the torn line did not swallow the next one");
    found.writing.end(&receipt(&[Outcome::Deleted]));
    assert!(records.unfinished(&place(), &params(&["v1", "v2", "v3"])).is_none());
    assert_eq!(records.unfinished_by_id(&place(), &id).unwrap_err().code, Code::Conflict);
}

#[test]
fn only_the_same_deletion_is_gone_on_with() {
    let (_home, records) = records();
    let writing = records.begin(header(&["v1"])).unwrap();
    let id = writing.id().to_owned();
    drop(writing);
    let elsewhere = Place { key: "https://b:6443".to_owned(), ..place() };
    assert!(records.unfinished(&elsewhere, &params(&["v1"])).is_none());
    let failure = records.unfinished_by_id(&elsewhere, &id).unwrap_err();
    assert!(failure.message.contains("registry.example.com"), "{failure:?}");
    let same = params(&["v1"]);
    for other in [
        params(&["v2"]),
        params(&["v1", "v2"]),
        Params { extent: Extent::Purge, ..same.clone() },
        Params { insist: true, ..same.clone() },
        Params { agreed: Some("f2".to_owned()), ..same.clone() },
    ] {
        assert!(records.unfinished(&place(), &other).is_none(), "{other:?}");
    }
    let reason = Some("old".to_owned());
    let again = Params { agreed: Some("f1".to_owned()), reason, ..same };
    assert!(records.unfinished(&place(), &again).is_some());
}

/// The lock of another process, as util-linux takes it.
#[test]
fn what_another_process_works_on_is_left_alone() {
    let (_home, records) = records();
    let writing = records.begin(header(&["v1"])).unwrap();
    let id = writing.id().to_owned();
    drop(writing);
    let mut other = Command::new("flock")
        .arg(file_of(&records, &id))
        .args(["-c", "echo locked; read line"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "locked\n");
    assert_eq!(state(&records, &id), State::Running);
    assert!(records.unfinished(&place(), &params(&["v1"])).is_none());
    assert!(records.unfinished_by_id(&place(), &id).unwrap_err().retryable);
    drop(other.stdin.take());
    other.wait().unwrap();
    assert_eq!(state(&records, &id), State::Interrupted { done: 0, total: 1 });
    assert!(records.unfinished(&place(), &params(&["v1"])).is_some());
}

#[test]
fn a_list_reads_neither_plans_nor_receipts() {
    let (_home, records) = records();
    for count in 0..3 {
        let writing = records.begin(header(&["v1"])).unwrap();
        let path = file_of(&records, writing.id());
        let id = writing.id().to_owned();
        writing.end(&receipt(&[Outcome::Deleted]));
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 4, "{text}");
        // Whoever read these would find no sense in them.
        lines[1] = "x".repeat(1 << 20);
        lines[2] = "y".repeat(1 << 20);
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        assert_eq!(state(&records, &id), State::Ended { good: 1, kept: 0, unproved: 0 });
        assert_eq!(records.entries().len(), count + 1);
        assert!(records.record(&id).is_err());
    }
}

#[test]
fn the_oldest_that_ended_go_first() {
    let (_home, records) = records();
    let mut ids = Vec::new();
    for count in 0..5 {
        let writing = records.begin(header(&["v1"])).unwrap();
        ids.push(writing.id().to_owned());
        if count != 0 {
            writing.end(&receipt(&[Outcome::Deleted]));
        }
        // Names tell milliseconds.
        std::thread::sleep(Duration::from_millis(2));
    }
    let folder = records.folder.as_deref().unwrap();
    let left = || folder::ids(folder).len();
    folder::tidy(folder, Bounds { count: 3, bytes: u64::MAX });
    assert_eq!(folder::ids(folder), [&*ids[4], &ids[3], &ids[0]]);
    let size = file_of(&records, &ids[4]).metadata().unwrap().len();
    folder::tidy(folder, Bounds { count: 3, bytes: size });
    assert_eq!(left(), 1, "what was broken off goes when nothing else is left to go");
    let running = records.begin(header(&["v1"])).unwrap();
    folder::tidy(folder, Bounds { count: 0, bytes: 0 });
    assert_eq!(folder::ids(folder), [running.id()], "somebody works on it");
}

#[test]
fn an_undo_is_told_with_what_it_took_back() {
    let (_home, records) = records();
    let writing = records.begin(header(&["v1", "v2"])).unwrap();
    let id = writing.id().to_owned();
    writing.step(0, &Outcome::Deleted);
    writing.step(1, &kept());
    writing.end(&receipt(&[Outcome::Deleted, kept()]));
    let reversible = records.reversible(&place(), &id).unwrap();
    assert_eq!(reversible.steps().count(), 1, "what was kept does not come back");
    assert!(records.reversible(&place(), &id).is_err(), "two at once");
    let item = |left| UndoneItem {
        tag: tag("v1"),
        digest: Some(digest(1)),
        revisions: 1,
        left,
        differs: None,
    };
    for (left, is_undone) in [(vec![None, Some(kept())], false), (vec![None], true)] {
        let undo = records.begin(Header::undo(place(), &reversible.change)).unwrap();
        let by = undo.id().to_owned();
        let items = left.into_iter().map(item).collect();
        undo.undone(&Undone { items, ..Undone::default() });
        let entry = records.entry(&id).unwrap();
        assert_eq!(entry.change.undone_by, Some(by.clone()));
        assert_eq!(entry.is_undone, is_undone);
        assert!(records.reversible(&place(), &by).unwrap_err().message.contains("deleting again"));
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(reversible);
    let failure = records.reversible(&place(), &id).unwrap_err();
    assert!(failure.message.contains("already"), "{failure:?}");
}

#[test]
fn an_undo_of_what_was_broken_off_ends_it() {
    let (_home, records) = records();
    let writing = records.begin(header(&["v1", "v2"])).unwrap();
    let id = writing.id().to_owned();
    writing.step(0, &Outcome::Deleted);
    drop(writing);
    let mut reversible = records.reversible(&place(), &id).unwrap();
    assert_eq!(reversible.steps().count(), 2, "the second may have been done");
    assert!(records.unfinished(&place(), &params(&["v1", "v2"])).is_none(), "it is held");
    reversible.give_up();
    drop(reversible);
    assert!(records.unfinished(&place(), &params(&["v1", "v2"])).is_none(), "it is over");
    assert_eq!(state(&records, &id), State::Ended { good: 1, kept: 0, unproved: 0 });
}

/// An end behind a line that a crash left half written would make no sense.
#[test]
fn an_undo_ends_a_record_whose_last_line_is_torn() {
    let (_home, records) = records();
    let writing = records.begin(header(&["v1", "v2"])).unwrap();
    let id = writing.id().to_owned();
    writing.step(0, &Outcome::Deleted);
    drop(writing);
    let mut file = OpenOptions::new().append(true).open(file_of(&records, &id)).unwrap();
    file.write_all(br#"{"step":{"step":1,"#).unwrap();
    drop(file);
    let mut reversible = records.reversible(&place(), &id).unwrap();
    reversible.give_up();
    drop(reversible);
    assert_eq!(state(&records, &id), State::Ended { good: 1, kept: 0, unproved: 0 });
    assert!(records.unfinished(&place(), &params(&["v1", "v2"])).is_none(), "it is over");
}

#[test]
fn what_has_no_tag_counts_as_taken_back() {
    let (_home, records) = records();
    let writing = records.begin(header(&["v1"])).unwrap();
    let id = writing.id().to_owned();
    writing.step(0, &Outcome::Deleted);
    writing.end(&receipt(&[Outcome::Deleted]));
    let failure = Failure::new(Code::NotFound, "A blob is gone.");
    for (failures, is_undone) in [(vec![failure], false), (Vec::new(), true)] {
        let reversible = records.reversible(&place(), &id).unwrap();
        let undo = records.begin(Header::undo(place(), &reversible.change)).unwrap();
        undo.half(vec![tag("v1")]);
        undo.undone(&Undone { untagged: 2, failures, ..Undone::default() });
        drop(reversible);
        assert_eq!(records.entry(&id).unwrap().is_undone, is_undone);
        if !is_undone {
            let reversible = records.reversible(&place(), &id).unwrap();
            assert_eq!(reversible.half, [tag("v1")].into(), "the next one knows");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn long_texts_do_not_hide_a_record() {
    let (_home, records) = records();
    let place = Place { key: "k".repeat(20 << 10), ..place() };
    let reason = "\u{1}".repeat(1_000);
    let params = Params { reason: Some(reason), ..params(&["v1"]) };
    let header = Header::deletion(place, params, plan(&["v1"]), Before::Nothing);
    assert!(!header.first.reason.as_ref().unwrap().contains('\u{1}'));
    let id = records.begin(header).unwrap().id().to_owned();
    assert!(records.entry(&id).is_ok());
}

#[test]
fn who_goes_on_stands_in_the_journal() {
    let (home, records) = records();
    let path = home.path().join("socket");
    let listener = UnixDatagram::bind(&path).unwrap();
    let records = records.with_journal(Journal::at(&path));
    let id = records.begin(header(&["v1"])).unwrap().id().to_owned();
    let eric = Place { user: Some("eric".to_owned()), ..place() };
    let unfinished = records.unfinished_by_id(&eric, &id).unwrap();
    unfinished.writing.end(&receipt(&[Outcome::Deleted]));
    let hear = || {
        let mut bytes = [0; 4 << 10];
        let length = listener.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    assert!(hear().contains("IMAGES_USER=amy\n"));
    let resumed = hear();
    assert!(resumed.starts_with("MESSAGE=Going on with deleting shop/api:v1.\n"), "{resumed}");
    for entry in [resumed, hear(), hear()] {
        assert!(entry.contains("IMAGES_USER=eric\n"), "{entry}");
    }
}

/// A step that was done in the moment of the crash is found absent by whoever goes on.
#[test]
fn an_undo_takes_back_what_the_crash_hid() {
    let (_home, records) = records();
    for is_resumed in [false, true] {
        let mut writing = records.begin(header(&["v1", "v2"])).unwrap();
        let id = writing.id().to_owned();
        writing.step(0, &Outcome::Deleted);
        if is_resumed {
            drop(writing);
            assert_eq!(state(&records, &id), State::Interrupted { done: 1, total: 2 });
            writing = records.unfinished_by_id(&place(), &id).unwrap().writing;
        }
        writing.step(1, &Outcome::Absent);
        writing.end(&receipt(&[Outcome::Deleted, Outcome::Absent]));
        let steps = records.reversible(&place(), &id).unwrap().steps().count();
        assert_eq!(steps, if is_resumed { 2 } else { 1 });
    }
}

#[test]
fn what_was_purged_does_not_come_back() {
    let (_home, records) = records();
    let purge = Params { extent: Extent::Purge, ..params(&["v1"]) };
    let header = Header::deletion(place(), purge, plan(&["v1"]), Before::Nothing);
    let writing = records.begin(header).unwrap();
    let id = writing.id().to_owned();
    writing.end(&receipt(&[Outcome::Deleted]));
    let failure = records.reversible(&place(), &id).unwrap_err();
    assert!(failure.message.contains("Data was removed"), "{failure:?}");
}

#[test]
fn a_note_is_read_back() {
    let (_home, records) = records();
    let note = serde_json::json!({ "replicas": 1 });
    let header = Header::collection(place(), &garbage::Params::default()).with_note(note.clone());
    let writing = records.begin(header).unwrap();
    let id = writing.id().to_owned();
    assert_eq!(records.note(&id).unwrap(), (Some(note.clone()), false));
    writing.collected(&garbage::Collected { blobs: 3, ..Default::default() });
    assert_eq!(records.note(&id).unwrap(), (Some(note), true));
    assert!(records.record(&id).unwrap().1.text.contains("3 blobs are gone"));
}

#[test]
fn the_journal_hears_of_each_target_and_of_the_change() {
    let (home, records) = records();
    let path = home.path().join("socket");
    let listener = UnixDatagram::bind(&path).unwrap();
    let records = records.with_journal(Journal::at(&path));
    let mut header = header(&["v0", "v1"]);
    header.first.reason = Some("old\nPRIORITY=0".to_owned());
    let writing = records.begin(header).unwrap();
    let id = writing.id().to_owned();
    writing.end(&receipt(&[Outcome::Deleted, kept()]));
    let hear = || {
        let mut bytes = [0; 4 << 10];
        let length = listener.recv(&mut bytes).unwrap();
        let text = String::from_utf8(bytes[..length].to_vec()).unwrap();
        let field = |line: &str| line.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
        text.lines().map(|line| field(line).unwrap()).collect::<BTreeMap<_, _>>()
    };
    let (begun, gone, left, ended) = (hear(), hear(), hear(), hear());
    for entry in [&begun, &gone, &left, &ended] {
        assert_eq!(entry["IMAGES_CHANGE"], id);
        assert_eq!((&*entry["IMAGES_ACT"], &*entry["IMAGES_USER"]), ("delete", "amy"));
        assert_eq!(entry["IMAGES_REGISTRY"], "registry.example.com");
        assert_eq!(entry["IMAGES_REASON"], "old PRIORITY=0");
        assert_eq!(entry["MESSAGE_ID"].len(), 32);
    }
    assert_eq!(begun["MESSAGE"], "Deleting shop/api:v0, shop/api:v1.");
    let shown = |entry: &BTreeMap<String, String>| {
        let fields = ["IMAGES_TARGET", "IMAGES_RESULT", "PRIORITY"];
        fields.map(|field| entry[field].clone()).join(" ")
    };
    assert_eq!(shown(&gone), "shop/api:v0 deleted 5");
    assert_eq!(shown(&left), "shop/api:v1 kept 4");
    assert!(left["MESSAGE"].ends_with("NOT deleted: It is still there."), "{left:?}");
    assert_eq!((&*ended["IMAGES_RESULT"], &*ended["PRIORITY"]), ("partial", "4"));
}

#[test]
fn a_receipt_is_text_for_people() {
    let (_home, records) = records();
    let mut asked = params(&["v0", "v1"]);
    asked.reason = Some("two years old".to_owned());
    let before = Before::Openshift { streams: BTreeMap::new() };
    let header = Header::deletion(place(), asked, plan(&["v0", "v1"]), before);
    let writing = records.begin(header).unwrap();
    let id = writing.id().to_owned();
    let failure = Failure::new(Code::Conflict, "It is\nstill \x1b[31mthere.");
    let outcome = Outcome::Kept(failure);
    writing.end(&Receipt {
        steps: vec![StepDone {
            step: Step::Tag { tag: tag("v0"), digest: None },
            outcome: Outcome::Deleted,
        }],
        digests: vec![Probed {
            digest: digest(0xab),
            part: images_proto::delete::Part::Layer,
            verdict: Verdict::Reachable(vec![images_proto::delete::Reason::Image(digest(2))]),
        }],
        ..receipt(&[Outcome::Deleted, outcome])
    });
    let text = records.record(&id).unwrap().1.text;
    let lines: Vec<_> = text.lines().collect();
    for expected in [
        "Registry   registry.example.com",
        "Reason     two years old",
        "Ended      2026-03-17 10:11:12 UTC",
        "  deleted        shop/api:v0",
        "  NOT deleted    shop/api:v1",
        "                 It is still  [31mthere.",
        "  deleted        tag shop/api:v0",
        "  freed     0 bytes",
    ] {
        assert!(lines.contains(&expected), "{expected:?} is missing in\n{text}");
    }
    assert!(text.contains(&format!("layer     {}  still reachable", digest(0xab))), "{text}");
}

#[test]
fn names_leave_their_folder_nowhere() {
    let (home, records) = records();
    std::fs::write(home.path().join("state.jsonl"), "{}").unwrap();
    for id in ["", "../state", "..", "a/b", "a.b", &"x".repeat(65)] {
        assert_eq!(records.record(id).unwrap_err().code, Code::NotFound, "{id}");
        assert_eq!(records.unfinished_by_id(&place(), id).unwrap_err().code, Code::NotFound);
        assert_eq!(records.note(id).unwrap_err().code, Code::NotFound);
    }
}

#[tokio::test]
async fn what_another_process_writes_is_noticed() {
    let (_home, records) = records();
    let mut watch = records.watch().unwrap();
    // The same folder, as another process has it.
    let other = Records::in_folder(records.folder.as_deref().unwrap());
    let noticed = async |watch: &mut Watch| {
        tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.unwrap();
    };
    let writing = other.begin(header(&["v1"])).unwrap();
    noticed(&mut watch).await;
    assert_eq!(records.entries()[0].change.state, State::Running);
    drop(writing);
    noticed(&mut watch).await;
    assert_eq!(records.entries()[0].change.state, State::Interrupted { done: 0, total: 1 });
}

#[test]
fn the_place_follows_xdg() {
    let home = || Some(PathBuf::from("/home/amy"));
    let usual = Some(PathBuf::from("/home/amy/.local/state/cockpit-images/changes"));
    let at = |state: &str, home| folder::place(Some(state.into()), home);
    assert_eq!(at("/var/x", home()), Some("/var/x/cockpit-images/changes".into()));
    assert_eq!(at("relative", home()), usual);
    assert_eq!(folder::place(None, home()), usual);
    assert_eq!(folder::place(None, None), None);
}

proptest! {
    // Each one is written to the disk.
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whatever stands in the folder, it is passed over.
    #[test]
    fn no_file_is_a_fault(
        before in "[ -~\n]{0,80}", cut in 0_usize..2_000, after in "[ -~\n]{0,80}"
    ) {
        let (_home, records) = records();
        let writing = records.begin(header(&["v1"])).unwrap();
        let id = writing.id().to_owned();
        writing.step(0, &Outcome::Deleted);
        drop(writing);
        let path = file_of(&records, &id);
        let text = std::fs::read_to_string(&path).unwrap();
        let text = format!("{before}{}{after}", &text[..cut.min(text.len())]);
        std::fs::write(&path, text).unwrap();
        let _ = records.entries();
        let _ = records.record(&id);
        let _ = records.reversible(&place(), &id);
        let _ = records.unfinished(&place(), &params(&["v1"]));
        let _ = records.unfinished_by_id(&place(), &id);
    }
}
