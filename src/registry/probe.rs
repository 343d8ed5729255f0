//! Whether a loopback port speaks TLS, asked without sending anything worth knowing.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A listener on this machine has answered by then.
const PATIENCE: Duration = Duration::from_secs(3);
/// A server that waits for more than a greeting is told that there is no more.
const HESITATION: Duration = Duration::from_millis(300);

/// The peer could not be asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Silent;

/// Whether `name:port` answers a TLS greeting with TLS: a handshake record or an alert (RFC 8446,
/// section 5.1). Anything else, or a closed connection, means that it does not.
pub(super) async fn speaks_tls(name: &str, port: u16) -> Result<bool, Silent> {
    let ask = async {
        let mut peer = TcpStream::connect((name, port)).await.map_err(|_| Silent)?;
        peer.write_all(&greeting()).await.map_err(|_| Silent)?;
        let mut first = [0];
        let read = if let Ok(read) = timeout(HESITATION, peer.read(&mut first)).await {
            read
        } else {
            let _ = peer.shutdown().await;
            peer.read(&mut first).await
        };
        Ok(matches!(read, Ok(1) if matches!(first[0], 0x15 | 0x16)))
    };
    timeout(PATIENCE, ask).await.unwrap_or(Err(Silent))
}

/// A TLS 1.2 `ClientHello` with a handful of cipher suites and no extensions.
///
/// Its random bytes end in an empty line: an HTTP server takes that for the end of a head that
/// makes no sense, and answers at once instead of waiting for more.
fn greeting() -> Vec<u8> {
    const SUITES: [u8; 8] = [0xc0, 0x2f, 0xc0, 0x2b, 0xc0, 0x30, 0x00, 0x9c];
    let mut hello = vec![0x03, 0x03];
    hello.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(28));
    hello.extend(b"\r\n\r\n");
    hello.push(0); // no session to resume
    hello.extend([0, 8]);
    hello.extend(SUITES);
    hello.extend([1, 0]); // no compression
    let length = u8::try_from(hello.len()).expect("a short greeting");
    let mut record = vec![0x16, 0x03, 0x01, 0, length + 4, 0x01, 0, 0, length];
    record.extend(hello);
    record
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::net::TcpListener;

    async fn answers(answer: &'static [u8], wait_for_end: bool) -> Result<bool, Silent> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            loop {
                let n = peer.read(&mut buffer).await.unwrap();
                if n == 0 || !wait_for_end {
                    break;
                }
            }
            peer.write_all(answer).await.unwrap();
        });
        speaks_tls("127.0.0.1", port).await
    }

    #[tokio::test]
    async fn a_handshake_or_an_alert_is_tls_and_nothing_else_is() {
        assert_eq!(answers(&[0x16, 3, 3], false).await, Ok(true));
        assert_eq!(answers(&[0x15, 3, 1], false).await, Ok(true));
        assert_eq!(
            answers(b"HTTP/1.1 400 Bad Request\r\n\r\n", false).await,
            Ok(false)
        );
        assert_eq!(answers(b"", false).await, Ok(false));
    }

    #[tokio::test]
    async fn a_server_that_waits_for_more_is_asked_to_end_it() {
        assert_eq!(
            answers(b"HTTP/1.1 408 Timeout\r\n\r\n", true).await,
            Ok(false)
        );
    }

    /// Some servers read a head to its end before they look at it.
    #[tokio::test]
    async fn a_server_that_reads_lines_is_not_kept_waiting() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(peer.read_u8().await.unwrap());
            }
            peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        });
        let begun = std::time::Instant::now();
        assert_eq!(speaks_tls("127.0.0.1", port).await, Ok(false));
        assert!(begun.elapsed() < HESITATION, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn nobody_listening_is_no_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(speaks_tls("127.0.0.1", port).await, Err(Silent));
    }
}
