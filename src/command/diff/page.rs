//! What `diff` shows to people.

use super::document::{Change, Details, Document, Image, Layer, Named};
use crate::command::inspect::command;
use crate::oci::reference::Reference;
use crate::term::page::{Align, Page, name};
use indicatif::BinaryBytes;
use serde_json::Value;

/// Lays out a document.
pub(super) fn page(document: &Document) -> Page {
    let mut page = Page::default();
    if document.identical {
        page.line(&format!("identical: {}", document.from.digest));
        return page;
    }
    page.line(&format!("--- {}", pinned(&document.from)));
    page.line(&format!("+++ {}", pinned(&document.to)));
    changes(&mut page, "", &document.changes);
    for image in &document.images {
        self::image(&mut page, document, image);
    }
    if document.differs_unseen() {
        page.line(
            "the same layers and settings; what differs is how it is written, or an attestation",
        );
    }
    page
}

fn pinned(named: &Named) -> Reference {
    Reference {
        digest: Some(named.digest.clone()),
        ..named.reference.clone()
    }
}

fn image(page: &mut Page, document: &Document, image: &Image) {
    let whole = image.from.as_ref() == Some(&document.from.digest)
        && image.to.as_ref() == Some(&document.to.digest);
    let before = if whole { "" } else { "  " };
    if !whole {
        page.line(&heading(image));
    }
    if let Some(details) = &image.details {
        page.line(&format!("{before}layers: {}", totals(details)));
        let aligns = [Align::Left, Align::Right, Align::Left, Align::Left];
        let rows: Vec<_> = details.layers.iter().map(row).collect();
        page.aligned(before, &aligns, &rows);
        changes(page, before, &details.changes);
    }
}

fn heading(image: &Image) -> String {
    let name = name(image.platform.as_deref().unwrap_or("no platform"));
    let (from, to) = (image.from.as_ref(), image.to.as_ref());
    match (from, to) {
        (Some(from), Some(to)) if from == to => format!("= {name} {to}"),
        (Some(from), Some(to)) => format!("~ {name} {from} {to}"),
        (None, Some(to)) => format!("+ {name} {to}"),
        (Some(from), None) => format!("- {name} {from}"),
        (None, None) => name,
    }
}

fn totals(details: &Details) -> String {
    let total = |status: &str, bytes: u64| {
        let number = details.layers.iter().filter(|l| l.status == status).count();
        let size = BinaryBytes(bytes);
        (number > 0).then(|| format!("{number} {status} ({size})"))
    };
    let totals = [
        total("shared", details.shared_bytes),
        total("added", details.added_bytes),
        total("removed", details.removed_bytes),
    ];
    let totals: Vec<String> = totals.into_iter().flatten().collect();
    if totals.is_empty() {
        return "none".to_owned();
    }
    let order = if details.reordered {
        "; those shared are in another order"
    } else {
        ""
    };
    totals.join(", ") + order
}

fn row(layer: &Layer) -> Vec<String> {
    let sign = match layer.status {
        "added" => "+",
        "removed" => "-",
        _ => "=",
    };
    vec![
        sign.to_owned(),
        BinaryBytes(layer.size).to_string(),
        layer.digest.to_string(),
        command(layer.created_by.as_deref().unwrap_or_default()),
    ]
}

fn changes(page: &mut Page, before: &str, changes: &[Change]) {
    for change in changes {
        for (sign, value) in [("-", &change.from), ("+", &change.to)] {
            if let Some(value) = value {
                page.line(&format!("{before}{sign} {}", setting(change, value)));
            }
        }
    }
}

fn setting(change: &Change, value: &Value) -> String {
    let value = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (change.part, &change.name) {
        (part, None) => format!("{part}: {value}"),
        ("port" | "volume", Some(name)) => format!("{} {name}", change.part),
        (part, Some(name)) => format!("{part} {name}={value}"),
    }
}
