//! TLS 1.2 and 1.3 with the public roots and the operator's own; there is no option to skip a check.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_rustls::TlsConnector;

use crate::EgressError;

pub(crate) fn connector(extra_ca: &[Vec<u8>]) -> Result<TlsConnector, EgressError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for (index, pem) in extra_ca.iter().enumerate() {
        let refuse = || EgressError::ExtraCa(index + 1);
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| refuse())?;
            roots.add(certificate).map_err(|_| refuse())?;
            found = true;
        }
        if !found {
            return Err(refuse());
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| EgressError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_by_its_place() {
        let refusal = connector(&[b"hello".to_vec()]).err().map(|error| error.to_string());
        assert!(refusal.is_some_and(|text| text.contains("entry 1")));
    }
}
