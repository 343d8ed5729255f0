//! How Google takes and gives blobs, and what it says of referrers.

use super::*;
use bytes::Bytes;

/// Uploads under way, by number: the repository, and what was written so far.
#[derive(Clone, Default)]
pub(super) struct Content(Arc<Mutex<Vec<Upload>>>);

#[derive(Clone)]
struct Upload {
    repository: String,
    written: Option<Bytes>,
}

impl Content {
    pub(super) async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        if let Some(rest) = path.strip_prefix("/artifacts-downloads/namespaces/") {
            let blob = Asked {
                target: format!("/v2/{rest}"),
                ..asked.clone()
            };
            return Some(shelf.behind(&blob).await);
        }
        if let Some(number) = path.strip_prefix("/artifacts-uploads/namespaces/") {
            return Some(
                self.write(asked, number.parse().unwrap(), query, shelf)
                    .await,
            );
        }
        let repository = repository(path)?.to_owned();
        let rest = &path["/v2/".len() + repository.len()..];
        match (asked.method.as_str(), rest) {
            ("POST", "/blobs/uploads/") => {
                let mut uploads = self.0.lock().unwrap();
                uploads.push(Upload {
                    repository,
                    written: None,
                });
                let location = format!("/artifacts-uploads/namespaces/{}", uploads.len() - 1);
                Some(Reply::text(202, "text/plain", "").with("location", &location))
            }
            ("GET", rest) if rest.starts_with("/blobs/") => {
                let location = format!("/artifacts-downloads/namespaces/{repository}{rest}");
                Some(Reply::text(302, "text/html", "Found").with("location", &location))
            }
            // A page to log in at.
            ("GET", rest) if rest.starts_with("/referrers/") => {
                Some(Reply::text(200, "text/html", "<html>Sign in</html>"))
            }
            _ => None,
        }
    }

    /// One write and no second one.
    async fn write(&self, asked: &Asked, number: usize, query: &str, shelf: &Shelf) -> Reply {
        let upload = self.0.lock().unwrap()[number].clone();
        let refused = || error(400, "BLOB_UPLOAD_INVALID", "the session was written to");
        if upload.written.is_some() && !asked.body.is_empty() {
            return refused();
        }
        let bytes = upload.written.unwrap_or_else(|| asked.body.clone());
        match asked.method.as_str() {
            "PATCH" => {
                let range = format!("0-{}", bytes.len().saturating_sub(1));
                self.0.lock().unwrap()[number].written = Some(bytes);
                Reply::text(202, "text/plain", "")
                    .with("location", &asked.target)
                    .with("range", &range)
            }
            "PUT" => {
                let whole = Asked {
                    method: "POST".to_owned(),
                    target: format!("/v2/{}/blobs/uploads/?{query}", upload.repository),
                    headers: http::HeaderMap::from_iter([
                        (http::header::CONTENT_LENGTH, bytes.len().into()),
                        (
                            http::header::CONTENT_TYPE,
                            http::HeaderValue::from_static("application/octet-stream"),
                        ),
                    ]),
                    body: bytes,
                };
                shelf.behind(&whole).await
            }
            _ => refused(),
        }
    }
}

#[test]
fn blobs_are_written_at_once_to_a_place_beside_the_api() {
    let stand = Stand::new(Google::default());
    let image = Image::sized(1, &[0, 100, 3_000_000]);
    let lab = crate::lab::Lab::new();
    lab.push("src.lab/app:v1", &image);
    let folder = lab.home.path("work/folder");
    let place = format!("oci:{}:v1", folder.display());
    lab.run(["copy", "src.lab/app:v1", &place])
        .any_stdout()
        .any_stderr()
        .code(0);
    stand
        .run(["copy", &place, "reg.lab/p/r/app:v1"])
        .any_stdout()
        .any_stderr()
        .code(0);
    assert!(stand.has("p/r/app", &image));
    let asked = asked(&stand);
    let writes = asked
        .iter()
        .filter(|line| line.contains(" /artifacts-uploads/"));
    let mut places: Vec<&str> = writes.filter_map(|line| line.split(' ').nth(1)).collect();
    places.sort_unstable();
    let count = places.len();
    places.dedup();
    assert_eq!(places.len(), count, "one write each: {asked:?}");
    assert!(count >= 3, "{asked:?}");
}

#[test]
fn blobs_are_read_where_a_relative_redirect_leads() {
    let stand = Stand::new(Google::default());
    let image = Image::sized(1, &[100, 3_000_000]);
    stand.push("p/r/app:v1", &image, 2, None);
    let place = format!("oci:{}:v1", stand.lab.home.path("work/folder").display());
    stand
        .run(["copy", "reg.lab/p/r/app:v1", &place])
        .any_stdout()
        .any_stderr()
        .code(0);
    let read = stand.run(["digest", &place]);
    read.stdout(format!("{}\n", image.digest())).code(0);
}

/// A page for people is no list of referrers: there is another way to have one.
#[test]
fn a_page_instead_of_referrers_is_none() {
    let stand = Stand::new(Google::default());
    let image = Image::small(1);
    stand.push("p/r/app:v1", &image, 2, None);
    let place = format!("oci:{}:v1", stand.lab.home.path("work/folder").display());
    stand
        .run(["copy", "--referrers", "reg.lab/p/r/app:v1", &place])
        .any_stdout()
        .any_stderr()
        .code(0);
    let asked = asked(&stand);
    let fallback = image.digest().replace(':', "-");
    assert!(
        asked.iter().any(|line| line.contains("/referrers/")),
        "{asked:?}"
    );
    assert!(
        asked.iter().any(|line| line.ends_with(&fallback)),
        "{asked:?}"
    );
}
