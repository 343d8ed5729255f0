//! What `ping` shows to people: one screen.

use super::document::{Document, Shown, ShownLimit, ShownLogin};
use crate::term::page::{Align, Page, cut};

/// How much of a text from outside is shown, in characters.
const TEXT: usize = 200;

/// Lays out a document.
pub(super) fn page(document: &Document) -> Page {
    let mut page = Page::default();
    page.fields(&[
        ("registry", Some(document.host.clone())),
        ("kind", Some(kind(document))),
        ("version", document.version.clone()),
        ("login", Some(login(document.login.as_ref()))),
        ("you", Some(you(document))),
        ("protocol", Some(protocol(document))),
        ("latency", document.latency_ms.map(|ms| format!("{ms} ms"))),
        ("clock", Some(clock(document.clock_ahead_seconds))),
        ("mirror", document.mirror.clone()),
        ("limit", document.rate_limit.as_ref().map(limit)),
    ]);
    if let Some(own) = &document.abilities {
        page.gap();
        page.line("what it can do:");
        findings(
            &mut page,
            &[
                ("list repositories", &own.catalog),
                ("list tags in pages", &own.tag_pages),
                ("list referrers", &own.referrers),
                ("confirm a subject", &own.subject),
                ("upload in one", &own.single_upload),
                ("upload in chunks", &own.chunked_upload),
                ("mount a blob", &own.mount),
                ("delete by tag", &own.delete_by_tag),
                ("delete by digest", &own.delete_by_digest),
            ],
        );
    }
    if let Some(own) = &document.repository {
        page.gap();
        page.line(&format!("what you may do with {}:", own.name));
        let rights = [
            ("pull", &own.pull),
            ("push", &own.push),
            ("delete", &own.delete),
        ];
        findings(&mut page, &rights);
    }
    if let Some(written) = &document.written {
        page.gap();
        let title = format!("left in {}", written.repository);
        let left = written.left.iter();
        let left =
            left.map(|left| format!("{} {}: {}", left.kind, left.name, cut(&left.reason, TEXT)));
        if written.left.is_empty() {
            page.line(&format!("{title}: nothing"));
        }
        page.list(&title, left);
    }
    page
}

fn findings(page: &mut Page, findings: &[(&str, &Shown)]) {
    let rows = findings
        .iter()
        .map(|(name, shown)| vec![format!("{name}:"), words(shown)]);
    let rows: Vec<Vec<String>> = rows.collect();
    page.aligned("  ", &[Align::Left, Align::Left], &rows);
}

fn words(shown: &Shown) -> String {
    let answer = match shown.answer {
        "not_asked" => "not asked",
        answer => answer,
    };
    let detail = shown.detail.as_deref().map(|detail| cut(detail, TEXT));
    let by = match shown.by {
        Some("kind") => Some("known of this kind"),
        Some("written") => Some("tried out"),
        _ => None,
    };
    let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
    let by = by.map_or_else(String::new, |by| format!(" ({by})"));
    format!("{answer}{detail}{by}")
}

fn kind(document: &Document) -> String {
    let sign = document.sign.as_deref().unwrap_or_default();
    match (document.title, document.recognised_by) {
        (Some(title), Some("settings")) => format!("{title}, by your settings"),
        (Some(title), Some("name")) => format!("{title}, by its name"),
        (Some(title), _) => format!("{title}, by {sign}"),
        (None, _) if document.resembles_distribution => {
            format!("CNCF distribution or something built on it, by {sign}")
        }
        (None, _) => "not known".to_owned(),
    }
}

fn login(login: Option<&ShownLogin>) -> String {
    let Some(login) = login else {
        return "not asked for".to_owned();
    };
    let realm = login.realm.as_deref().map(|realm| cut(realm, TEXT));
    let service = login.service.as_deref().map(|name| cut(name, TEXT));
    let parts = [
        Some(login.scheme.clone()),
        realm,
        service.map(|name| format!("service {name}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn you(document: &Document) -> String {
    let you = &document.you;
    let problem = you.problem.as_deref().map(|text| cut(text, TEXT));
    let problem = problem.map_or_else(String::new, |text| format!(": {text}"));
    match (&you.user, &you.origin) {
        _ if !you.let_in => format!("not let in{problem}"),
        (Some(user), Some(origin)) => format!("{user}, from {origin}"),
        (None, Some(origin)) => format!("whoever the token from {origin} is for"),
        (_, None) if you.asked => format!("nobody in particular{problem}"),
        (_, None) => "nobody: it does not ask".to_owned(),
    }
}

fn protocol(document: &Document) -> String {
    let tls = if document.tls { "TLS" } else { "without TLS" };
    format!("{}, {tls}", document.http)
}

fn clock(ahead: Option<i64>) -> String {
    match ahead {
        None => "not told".to_owned(),
        Some(0) => "as this machine's".to_owned(),
        Some(ahead) => {
            let seconds = ahead.unsigned_abs();
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            format!("{seconds} s {side} this machine's")
        }
    }
}

fn limit(limit: &ShownLimit) -> String {
    let number = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    let parts = [
        Some(format!(
            "{} of {} left",
            number(limit.remaining),
            number(limit.limit)
        )),
        limit.window_seconds.map(|window| format!(" in {window} s")),
        limit
            .reset
            .as_ref()
            .map(|reset| format!(", anew at {reset}")),
        limit
            .source
            .as_ref()
            .map(|source| format!(", counted for {source}")),
    ];
    parts.into_iter().flatten().collect()
}
