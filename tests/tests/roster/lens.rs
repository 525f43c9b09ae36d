// SPDX-License-Identifier: LGPL-2.1-or-later

//! For random bindings, groups and rules: what the lens, the reach and `why` say is what access
//! reviews say, and the bindings that they name are those that give it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use images_tests::call;
use images_tests::cluster::{Cluster, Face};
use images_tests::peer::Peer;
use serde_json::{Value, json};

use super::world::{Objects, Through, VERBS, World};
use super::{list, text};

/// Each makes another world.
const SEEDS: [u64; 3] = [1, 2, 3];

#[tokio::test]
async fn openshift_answers_as_its_access_reviews_do() -> Result<()> {
    the_same_as_reviews(Face::Openshift).await
}

#[tokio::test]
async fn kubernetes_answers_as_its_access_reviews_do() -> Result<()> {
    the_same_as_reviews(Face::Plain).await
}

async fn the_same_as_reviews(face: Face) -> Result<()> {
    let cluster = Cluster::start_empty(face)?;
    let mut worlds = Vec::new();
    for seed in SEEDS {
        worlds.push((seed, World::make(&cluster, seed).await?));
    }
    let objects = Objects::read(&cluster).await?;
    let mut peer = Peer::greeted(&call::environment(&cluster, "sarah")?).await?;
    let (mut allowed, mut refused) = (0, 0);
    for (seed, world) in &worlds {
        let mut witness = Witness { cluster: &cluster, objects: &objects, said: BTreeMap::new() };
        let looked = look(&mut witness, &mut peer, world).await;
        let (more, fewer) = looked.with_context(|| format!("seed {seed}, {}", face.name()))?;
        allowed += more;
        refused += fewer;
    }
    peer.end().await?;
    ensure!(allowed > 20 && refused > 20, "the dice are loaded: {allowed} {refused}");
    Ok(())
}

/// What the API server says, and by which objects.
struct Witness<'a> {
    cluster: &'a Cluster,
    objects: &'a Objects,
    said: BTreeMap<(String, String), Verdicts>,
}

#[derive(Clone, Debug)]
struct Verdicts {
    allowed: BTreeMap<&'static str, bool>,
    /// The binding of each right that the server names as its reason, with its project.
    reasons: BTreeMap<&'static str, (String, Option<String>)>,
    through: BTreeSet<Through>,
}

impl Witness<'_> {
    /// Asks about all these in a project, unless that was done.
    async fn ask(&mut self, project: &str, subjects: &[Value]) -> Result<()> {
        let mut reviews = Vec::new();
        let callers: Vec<_> = subjects.iter().map(|subject| self.objects.caller(subject)).collect();
        for caller in &callers {
            for (_, verb, part) in VERBS {
                let mut spec = caller.clone();
                let mut asked = json!({
                    "namespace": project, "verb": verb, "group": "image.openshift.io",
                    "resource": "imagestreams",
                });
                if let Some(part) = part {
                    asked["subresource"] = json!(part);
                }
                spec["resourceAttributes"] = asked;
                reviews.push(json!({
                    "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                    "spec": spec,
                }));
            }
        }
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let url = format!("{}{path}", self.cluster.ready.api);
        let answers = self.cluster.curl("sarah").post_all(&url, &reviews).await?;
        for ((subject, caller), answers) in
            subjects.iter().zip(&callers).zip(answers.chunks(VERBS.len()))
        {
            let (mut allowed, mut reasons) = (BTreeMap::new(), BTreeMap::new());
            for ((name, ..), answer) in VERBS.iter().zip(answers) {
                let status = &answer["status"];
                let verdict = status["allowed"].as_bool();
                allowed.insert(*name, verdict.with_context(|| format!("no verdict: {answer}"))?);
                if verdict == Some(true) {
                    let reason = reason(text(&status["reason"]));
                    reasons.insert(*name, reason.with_context(|| format!("why? {answer}"))?);
                }
            }
            let through = self.objects.through(caller, project);
            let verdicts = Verdicts { allowed, reasons, through };
            verdicts.agree_with_themselves()?;
            self.said.insert((project.to_owned(), subject.to_string()), verdicts);
        }
        Ok(())
    }

    fn of(&self, project: &str, subject: &Value) -> Result<&Verdicts> {
        let key = (project.to_owned(), subject.to_string());
        self.said.get(&key).with_context(|| format!("not asked: {key:?}"))
    }
}

/// The binding that a reason names: `RoleBinding "b/project" of …`, or one of the cluster.
fn reason(words: &str) -> Option<(String, Option<String>)> {
    let (kind, rest) = words.strip_prefix("RBAC: allowed by ")?.split_once(" \"")?;
    let (name, _) = rest.split_once('"')?;
    match kind {
        "RoleBinding" => {
            let (name, project) = name.split_once('/')?;
            Some((name.to_owned(), Some(project.to_owned())))
        }
        _ => Some((name.to_owned(), None)),
    }
}

impl Verdicts {
    /// What the objects say is what the server says: or the objects are read wrongly here.
    fn agree_with_themselves(&self) -> Result<()> {
        for (verb, allowed) in &self.allowed {
            let gives = |through: &&Through| through.4.contains(verb);
            let giving = self.through.iter().find(gives);
            ensure!(giving.is_some() == *allowed, "{verb}: {self:?}");
            if let Some((name, project)) = self.reasons.get(verb) {
                let is_it = |through: &&Through| (&through.0, &through.1) == (name, project);
                ensure!(self.through.iter().filter(is_it).any(|one| gives(&one)), "{self:?}");
            }
        }
        Ok(())
    }
}

fn through(via: &[Value]) -> BTreeSet<Through> {
    let optional = |value: &Value| value.as_str().map(str::to_owned);
    let all = via.iter().map(|via| {
        let verbs = list(via, "verbs").iter().map(|verb| {
            let name = VERBS.iter().find(|(name, ..)| name == verb);
            name.map_or("?", |(name, ..)| *name)
        });
        (
            text(&via["binding"]).to_owned(),
            optional(&via["project"]),
            text(&via["role"]).to_owned(),
            optional(&via["group"]),
            verbs.collect(),
        )
    });
    all.collect()
}

fn rights(row: &Value) -> BTreeMap<&'static str, bool> {
    let rights = &row["rights"];
    VERBS.iter().filter_map(|(name, ..)| Some((*name, rights[name].as_bool()?))).collect()
}

/// How many rights are there and how many are not.
async fn look(witness: &mut Witness<'_>, peer: &mut Peer, world: &World) -> Result<(usize, usize)> {
    let (mut allowed, mut refused) = (0, 0);
    for project in &world.projects {
        let lens = lens(peer, project).await?;
        // Whomever it shows is asked about too.
        let rows = list(&lens, "rows");
        let mut asked = world.subjects.clone();
        asked.extend(rows.iter().map(|row| subject_of(&row["subject"])));
        witness.ask(project, &asked).await?;
        for row in rows {
            let said = witness.of(project, &subject_of(&row["subject"]))?;
            ensure!(rights(row) == said.allowed, "{row:#} {said:#?}");
            ensure!(through(list(row, "via")) == said.through, "{row:#} {said:#?}");
        }
        for subject in &world.subjects {
            let said = witness.of(project, subject)?;
            let all = said.allowed.values();
            allowed += all.filter(|allowed| **allowed).count();
            refused += VERBS.len();
            if rows.iter().any(|row| subject_of(&row["subject"]) == *subject) {
                continue;
            }
            // Whom a group of the cluster alone reaches is not listed one by one.
            let caller = witness.objects.caller(subject);
            for (name, project, _, group, _) in &said.through {
                let group =
                    group.as_deref().with_context(|| format!("{subject} by {name} {project:?}"))?;
                ensure!(group.starts_with("system:"), "{subject} is missing: {lens:#}");
                ensure!(list(&caller, "groups").iter().any(|own| own == group), "{caller}");
                let is_shown = rows.iter().any(|row| row["subject"]["name"] == group);
                ensure!(is_shown, "{group} is missing: {lens:#}");
            }
        }
    }
    for subject in &world.subjects {
        let reach = reach(peer, subject, &world.prefix).await?;
        for project in &world.projects {
            let said = witness.of(project, subject)?;
            match list(&reach, "rows").iter().find(|place| place["project"] == **project) {
                Some(place) => {
                    ensure!(rights(place) == said.allowed, "{place:#} {said:#?}");
                    ensure!(through(list(place, "via")) == said.through, "{place:#} {said:#?}");
                }
                None => ensure!(said.through.is_empty(), "{project}: {reach:#} {said:#?}"),
            }
        }
    }
    why(witness, peer, world).await?;
    Ok((allowed, refused - allowed))
}

/// As it is asked about.
fn subject_of(subject: &Value) -> Value {
    let mut subject = subject.clone();
    if subject["project"].is_null()
        && let Some(subject) = subject.as_object_mut()
    {
        subject.remove("project");
    }
    subject
}

async fn lens(peer: &mut Peer, project: &str) -> Result<Value> {
    let params = json!({ "project": project, "window": { "limit": 500 } });
    let channel = format!("lens of {project}");
    peer.open(&channel, "lens", params).await?;
    let lens = settled(peer, &channel).await?;
    ensure!(lens["asked"] == true, "{lens:#}");
    Ok(lens)
}

async fn reach(peer: &mut Peer, subject: &Value, filter: &str) -> Result<Value> {
    let params = json!({ "subject": subject, "window": { "limit": 50, "filter": filter } });
    let channel = format!("reach of {subject} {filter}");
    peer.open(&channel, "reach", params).await?;
    settled(peer, &channel).await
}

/// The view once all is read and asked. The channel is closed then.
async fn settled(peer: &mut Peer, channel: &str) -> Result<Value> {
    let settled = |message: &Value| {
        let view = &message["view"];
        let is_asked = view["asked"] == true || list(view, "rows").is_empty();
        (view["about"]["reading"] == false && is_asked).then(|| view.clone())
    };
    let view = peer.until(channel, settled).await?;
    peer.close(channel).await?;
    Ok(view)
}

async fn why(witness: &Witness<'_>, peer: &mut Peer, world: &World) -> Result<()> {
    for project in &world.projects {
        let asked = || world.subjects.iter().flat_map(|one| VERBS.map(|(verb, ..)| (one, verb)));
        for (number, (subject, verb)) in asked().enumerate() {
            let params = json!({ "subject": subject, "project": project, "verb": verb });
            peer.open(&format!("why in {project} {number}"), "why", params).await?;
        }
        for (number, (subject, verb)) in asked().enumerate() {
            let message = peer.receive(&format!("why in {project} {number}")).await?;
            let (said, why) = (witness.of(project, subject)?, &message["result"]);
            ensure!(why["allowed"] == said.allowed[verb], "{message:#} {said:#?}");
            let mut giving = said.through.clone();
            giving.retain(|through| through.4.contains(verb));
            ensure!(through(list(why, "via")) == giving, "{message:#} {said:#?}");
            let (_, api_verb, part) = VERBS.iter().find(|(name, ..)| *name == verb).context("?")?;
            let part = part.map_or_else(String::new, |part| format!("/{part}"));
            let resource = format!("imagestreams{part}.image.openshift.io");
            ensure!(why["verb"] == *api_verb && why["resource"] == resource, "{message:#}");
            ensure!(why["command"].is_null() == said.allowed[verb], "{message:#}");
        }
    }
    Ok(())
}
