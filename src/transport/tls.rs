//! What was wrong in a TLS handshake, in words for people.

use super::error::Kind;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, OtherError};

/// So many of a certificate's names are told.
const NAMES: usize = 3;

/// Alerts about the certificate that the client has shown, or has not.
const ABOUT_US: [AlertDescription; 9] = [
    AlertDescription::CertificateRequired,
    AlertDescription::NoCertificate,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
];

/// Why a certificate is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nobody who is trusted has signed it.
    Unknown,
    /// Its time is over, or has not come: or a clock is wrong.
    Time,
    /// It is for other names.
    Name,
    /// Something else.
    Other,
}

/// What sort of failure it was, and why, in words.
pub(super) fn explain(error: &Error) -> (Kind, String) {
    match error {
        Error::InvalidCertificate(error) => {
            let (flaw, reason) = of_certificate(error);
            (Kind::Certificate(flaw), reason)
        }
        Error::InvalidMessage(_) => (Kind::NotTls, "it answers something else".to_owned()),
        Error::AlertReceived(alert) if ABOUT_US.contains(alert) => (
            Kind::ClientCertificate,
            format!("it ends the handshake ({alert:?})"),
        ),
        Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_) => {
            let reason = format!("it speaks neither TLS 1.2 nor 1.3 as it should ({error})");
            (Kind::Tls, reason)
        }
        _ => (Kind::Tls, error.to_string()),
    }
}

/// Whether the system's trust store holds nothing: the library has words for that and no type.
pub(super) fn is_trustless(error: &Error) -> bool {
    matches!(error, Error::General(words) if words.starts_with("No CA certificates"))
}

/// The same of an error that only has words, as HTTP/2 hands it to each of its streams.
pub(super) fn explain_words(words: &str) -> Option<Error> {
    let named = words.strip_prefix("received fatal alert: ")?;
    let alert = ABOUT_US
        .iter()
        .find(|alert| format!("{alert:?}") == named)?;
    Some(Error::AlertReceived(*alert))
}

fn of_certificate(error: &CertificateError) -> (Flaw, String) {
    match error {
        CertificateError::UnknownIssuer => (
            Flaw::Unknown,
            "it is signed by nobody who is trusted here".to_owned(),
        ),
        CertificateError::ExpiredContext { not_after, .. } => {
            (Flaw::Time, format!("it expired at {}", time(*not_after)))
        }
        CertificateError::NotValidYetContext { not_before, .. } => (
            Flaw::Time,
            format!("it is not valid before {}", time(*not_before)),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => {
            (Flaw::Name, format!("it is for {}", names(presented)))
        }
        CertificateError::Expired | CertificateError::NotValidYet => {
            (Flaw::Time, error.to_string())
        }
        CertificateError::NotValidForName => (Flaw::Name, error.to_string()),
        CertificateError::Other(OtherError(other)) if other.to_string() == "CaUsedAsEndEntity" => {
            let reason = "it is one of an authority (`CA:TRUE`), and not of a server";
            (Flaw::Other, reason.to_owned())
        }
        CertificateError::Other(OtherError(other)) => (Flaw::Other, other.to_string()),
        _ => (Flaw::Other, error.to_string()),
    }
}

fn time(at: UnixTime) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    time.to_string()
}

/// The names in a certificate, which come as `DnsName("registry.example")`.
fn names(presented: &[String]) -> String {
    let bare = presented.iter().take(NAMES).map(|name| {
        let inner = name.split_once('(').and_then(|(_, n)| n.strip_suffix(')'));
        inner.unwrap_or(name).trim_matches('"')
    });
    let told = bare.collect::<Vec<_>>().join(", ");
    match presented.len() {
        0 => "nobody".to_owned(),
        1..=NAMES => told,
        count => format!("{told} and {} more", count - NAMES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_with_many_names_is_told_in_a_line() {
        let presented = |count: usize| -> Vec<String> {
            let name = |number| format!("DnsName(\"{number}.example\")");
            (0..count).map(name).collect()
        };
        for (count, told) in [
            (0, "nobody"),
            (1, "0.example"),
            (3, "0.example, 1.example, 2.example"),
            (5, "0.example, 1.example, 2.example and 2 more"),
        ] {
            assert_eq!(names(&presented(count)), told);
        }
        let address = ["IpAddress(127.0.0.1)".to_owned(), "odd".to_owned()];
        assert_eq!(names(&address), "127.0.0.1, odd");
    }

    #[test]
    fn a_time_beyond_all_calendars_is_one_all_the_same() {
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::MAX));
        assert!(time(at).starts_with("9999-12-"));
    }

    /// Which of them a server sends for the lack of a certificate is up to its library.
    #[test]
    fn alerts_about_certificates_are_about_ours() {
        let kind = |alert| explain(&Error::AlertReceived(alert)).0;
        assert_eq!(
            kind(AlertDescription::CertificateRequired),
            Kind::ClientCertificate
        );
        assert_eq!(
            kind(AlertDescription::BadCertificate),
            Kind::ClientCertificate
        );
        assert_eq!(kind(AlertDescription::UnknownCA), Kind::ClientCertificate);
        assert_eq!(kind(AlertDescription::ProtocolVersion), Kind::Tls);
        assert_eq!(kind(AlertDescription::HandshakeFailure), Kind::Tls);
        assert_eq!(kind(AlertDescription::InternalError), Kind::Tls);
    }
}
