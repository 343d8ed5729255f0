//! Two registries inside the process: an open one, and one that hands out tokens.

use super::image;
use crate::server::{Access, Anonymous, Options, Registry, TokenService, User, serve};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The two registries, for as long as this lives.
pub(super) struct Registries {
    /// The open one's `HOST:PORT`.
    pub(super) dev: String,
    /// The other's.
    pub(super) prod: String,
    running: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Registries {
    /// Starts both on free ports of this machine, and fills the open one.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let open = Registry::new(Options::default());
        image::push(&open, "team/api", &["1.4.1", "1.4.2"]).await?;
        image::push(&open, "team/web", &["2.0.0"]).await?;
        let (dev, one) = run(|_| open).await?;
        let (prod, other) = run(|address| {
            Registry::new(Options {
                access: access(address),
                ..Options::default()
            })
        })
        .await?;
        Ok(Self {
            dev,
            prod,
            running: vec![one, other],
        })
    }

    /// Ends both.
    pub(super) async fn stop(self) {
        for (stop, running) in self.running {
            let _ = stop.send(());
            running.abort();
            let _ = running.await;
        }
    }
}

fn access(address: &str) -> Access {
    Access::Token(TokenService {
        realm: format!("http://{address}/token"),
        service: "demo".to_owned(),
        users: vec![User::new("demo", "open-sesame")],
        lifetime: Duration::from_mins(5),
        anonymous: Anonymous::Nothing,
        oauth2: true,
    })
}

async fn run(
    registry: impl FnOnce(&str) -> Registry,
) -> anyhow::Result<(String, (oneshot::Sender<()>, JoinHandle<()>))> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let registry = registry(&address);
    let (stop, stopped) = oneshot::channel::<()>();
    let handler = move |request| {
        let registry = registry.clone();
        async move { Ok(registry.handle(request).await) }
    };
    let running = tokio::spawn(serve(listener, handler, async {
        let _ = stopped.await;
    }));
    Ok((address, (stop, running)))
}
