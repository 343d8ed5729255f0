//! Hosts of Amazon ECR.
//!
//! Source: the pattern of AWS's own credential helper (`ecr-login/api/client.go`), and botocore's
//! `partitions.json`.

use crate::oci::reference::Host;

/// What the name of a private ECR registry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcrHost {
    /// The account, twelve digits: the registry's ID.
    pub account: String,
    /// The region: `eu-west-1`.
    pub region: String,
    /// Whether its FIPS endpoint is meant.
    pub fips: bool,
    /// Whether the endpoint is meant that IPv6 reaches too.
    pub dual_stack: bool,
}

/// What comes behind the region, and whether that is the form that IPv6 reaches too.
const SUFFIXES: [(&str, bool); 9] = [
    (".amazonaws.com", false),
    (".amazonaws.com.cn", false),
    (".amazonaws.eu", false),
    (".on.aws", true),
    (".on.amazonwebservices.com.cn", true),
    (".sc2s.sgov.gov", false),
    (".c2s.ic.gov", false),
    (".cloud.adc-e.uk", false),
    (".csp.hci.ic.gov", false),
];

impl EcrHost {
    /// What `host` says, where it is a private ECR registry.
    pub fn of(host: &Host) -> Option<Self> {
        let host = host.without_default_port();
        if host.port().is_some() {
            return None;
        }
        let (account, rest) = host.name().split_once('.')?;
        let rest = ["dkr.ecr", "dkr-ecr"]
            .iter()
            .find_map(|service| rest.strip_prefix(service))?;
        let (rest, fips) = match rest.strip_prefix("-fips") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let rest = rest.strip_prefix('.')?;
        let (region, dual_stack) = SUFFIXES.iter().find_map(|(suffix, dual_stack)| {
            let region = rest.strip_suffix(suffix)?;
            is_region(region).then_some((region, *dual_stack))
        })?;
        is_account(account).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
            fips,
            dual_stack,
        })
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_and_form_is_read() {
        for (host, region, fips, dual_stack) in [
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "eu-west-1",
                false,
                false,
            ),
            (
                "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
                true,
                false,
            ),
            (
                "123456789012.dkr-ecr.eu-west-1.on.aws",
                "eu-west-1",
                false,
                true,
            ),
            (
                "123456789012.dkr-ecr-fips.us-east-1.on.aws",
                "us-east-1",
                true,
                true,
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
                false,
                false,
            ),
            (
                "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
                "cn-north-1",
                false,
                true,
            ),
            (
                "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
                "eusc-de-east-1",
                false,
                false,
            ),
            (
                "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
                "us-isob-east-1",
                false,
                false,
            ),
            (
                "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov",
                "us-iso-east-1",
                false,
                false,
            ),
            (
                "123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
                "eu-isoe-west-1",
                false,
                false,
            ),
            (
                "123456789012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
                "us-isof-south-1",
                false,
                false,
            ),
        ] {
            let read = EcrHost {
                account: "123456789012".to_owned(),
                region: region.to_owned(),
                fips,
                dual_stack,
            };
            assert_eq!(EcrHost::of(&host.parse().unwrap()), Some(read), "{host}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for host in [
            "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
            "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
            "a23456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "x.123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr.amazonaws.com",
            "123456789012.dkr.ecr.eu.west.amazonaws.com",
            "123456789012.dkr.ecrx.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr-fipsx.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.io",
            "123456789012.dkr.ecr.eu-west-1.evilamazonaws.com",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com:5000",
        ] {
            assert_eq!(EcrHost::of(&host.parse().unwrap()), None, "{host}");
        }
    }
}
