//! Which project a repository belongs to, and its number.
//!
//! Source: GitLab, `lib/container_registry/path.rb`: a project is one of the three longest
//! prefixes of the path, the path itself among them.

use super::service::Service;
use crate::inventory::api::part;
use crate::registry::Error as ApiError;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;

/// So many prefixes of a path may be its project.
const PREFIXES: usize = 3;
/// A page has no more repositories.
const PAGE: usize = 100;
/// A project has no more pages of them.
const MOST: usize = 100;

/// A repository, as GitLab numbers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbered {
    /// The project's path.
    pub(super) project: String,
    pub(super) id: u64,
}

/// Why a question in GraphQL found nothing out.
pub(super) enum Unasked {
    /// It was not let in, or not there.
    Refused(ApiError),
    /// The question was not understood, or the answer is none.
    Unanswered,
}

#[derive(Deserialize)]
struct Project {
    #[serde(rename = "containerRepositories")]
    repositories: Option<Connection<Node>>,
}

/// A page of a list in GraphQL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection<T> {
    pub(super) nodes: Vec<T>,
    pub(super) page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

impl PageInfo {
    /// Where the next page begins.
    pub(super) fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

#[derive(Deserialize)]
struct Node {
    id: String,
    path: String,
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    path: String,
}

/// A project that may be it, and what the repository is called there.
struct Candidate<'a> {
    project: &'a str,
    name: &'a str,
    after: Option<String>,
}

/// The projects that a repository may belong to, the longest first: GitLab has none at the root.
fn candidates(path: &str) -> Vec<Candidate<'_>> {
    let ends = path.match_indices('/').skip(1).map(|(at, _)| at);
    let mut ends: Vec<usize> = ends.collect();
    if path.contains('/') {
        ends.push(path.len());
    }
    let longest = ends.into_iter().rev().take(PREFIXES);
    longest
        .map(|end| Candidate {
            project: &path[..end],
            name: path[end..].trim_start_matches('/'),
            after: None,
        })
        .collect()
}

/// Finds a repository in all its possible projects with one question. `None`: none of them has it,
/// or none may be seen.
pub(super) async fn by_graphql(service: &Service, path: &str) -> Result<Option<Numbered>, Unasked> {
    let mut left = candidates(path);
    for _ in 0..MOST {
        let (query, variables) = question(&left);
        let asked = service.ask::<HashMap<String, Option<Project>>>(&query, &variables);
        let mut projects = match asked.await {
            Ok(Ok(projects)) => projects,
            Ok(Err(_)) => return Err(Unasked::Unanswered),
            Err(error) => return Err(Unasked::Refused(error)),
        };
        let mut next = Vec::new();
        for (number, candidate) in left.into_iter().enumerate() {
            let project = projects.remove(&format!("p{number}")).flatten();
            let Some(page) = project.and_then(|project| project.repositories) else {
                continue;
            };
            let found = page.nodes.iter().find(|node| node.path == path);
            if let Some(id) = found.and_then(|node| node.id.rsplit('/').next()?.parse().ok()) {
                let project = candidate.project.to_owned();
                return Ok(Some(Numbered { project, id }));
            }
            if let Some(after) = page.page_info.next() {
                next.push(Candidate {
                    after: Some(after),
                    ..candidate
                });
            }
        }
        if next.is_empty() {
            return Ok(None);
        }
        left = next;
    }
    Ok(None)
}

fn question(candidates: &[Candidate<'_>]) -> (String, Value) {
    let (mut declared, mut asked, mut variables) = (String::new(), String::new(), Map::new());
    for (number, candidate) in candidates.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = write!(
            declared,
            "$p{number}:ID!,$n{number}:String,$a{number}:String,"
        );
        let _ = write!(
            asked,
            "p{number}:project(fullPath:$p{number}){{containerRepositories(first:{PAGE},name:$n{number},after:$a{number},sort:NAME_ASC){{nodes{{id path}}pageInfo{{endCursor hasNextPage}}}}}}"
        );
        let name = Some(candidate.name).filter(|name| !name.is_empty());
        variables.insert(format!("p{number}"), json!(candidate.project));
        variables.insert(format!("n{number}"), json!(name));
        variables.insert(format!("a{number}"), json!(candidate.after));
    }
    let declared = declared.trim_end_matches(',');
    (format!("query({declared}){{{asked}}}"), variables.into())
}

/// The same by REST, project by project.
pub(super) async fn by_rest(service: &Service, path: &str) -> Result<Option<Numbered>, ApiError> {
    for Candidate { project, .. } in candidates(path) {
        let place = format!("projects/{}/registry/repositories", part(project));
        let mut query = Some(format!("per_page={PAGE}"));
        for _ in 0..MOST {
            let Some(here) = query else { break };
            let answer = match service.get(&format!("{place}?{here}")).await {
                // No project, or none that may be seen.
                Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => break,
                answer => answer?,
            };
            let listed: Vec<Listed> = answer.json()?;
            if let Some(own) = listed.iter().find(|listed| listed.path == path) {
                let project = project.to_owned();
                return Ok(Some(Numbered {
                    project,
                    id: own.id,
                }));
            }
            query = answer.next_query();
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_one_of_the_three_longest_prefixes() {
        for (path, expected) in [
            ("app", &[][..]),
            ("team/app", &[("team/app", "")]),
            ("team/app/api", &[("team/app/api", ""), ("team/app", "api")]),
            (
                "a/b/c/d/e",
                &[("a/b/c/d/e", ""), ("a/b/c/d", "e"), ("a/b/c", "d/e")],
            ),
        ] {
            let found = candidates(path);
            let found: Vec<_> = found.iter().map(|one| (one.project, one.name)).collect();
            assert_eq!(found, expected, "{path}");
        }
    }
}
