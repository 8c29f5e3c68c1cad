//! Reports to read and how to read them.

use crate::invented::{Invention, differences, report};
use canto_report::{Comparison, FORMAT_VERSION, Report};

pub(crate) fn of_labels(number: usize) -> Report {
    let labels = (0..number).map(|at| format!("Genre {at}")).collect();
    report(&Invention { labels, songs: 400, ..Invention::default() })
}

pub(crate) fn two_runs() -> Comparison {
    let first = report(&Invention::default());
    let second =
        report(&Invention { run: "bolder".to_owned(), skill: 1.2, ..Invention::default() });
    Comparison {
        format_version: FORMAT_VERSION,
        differences: vec![differences(&first, &second)],
        runs: vec![first, second],
    }
}

/// Every start tag has its end tag, in the order of the elements, and no attribute twice.
pub(crate) fn assert_well_formed(html: &str) {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').unwrap();
        let tag = &rest[..end];
        let name = tag.split([' ', '\n']).next().unwrap();
        rest = &rest[end + 1..];
        let mut attributes: Vec<_> = tag.split('"').step_by(2).map(str::trim).collect();
        attributes.sort_unstable();
        let repeated = attributes.windows(2).find(|two| two[0] == two[1]);
        assert!(repeated.is_none(), "{tag}");
        if let Some(closed) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed));
        } else if name == "style" || name == "script" {
            rest = &rest[rest.find("</").unwrap()..];
            open.push(name);
        } else if !["!DOCTYPE", "meta", "link", "br", "col"].contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0]);
}
