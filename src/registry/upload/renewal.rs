//! An authorization that ends in the middle of an upload.

use super::{Act, Filling, Step};
use crate::registry::error::Error;
use crate::registry::problem::Problem;
use crate::transport::Response;

impl Filling<'_> {
    /// A 401: what was sent along is not accepted any more.
    pub(super) async fn challenged(&mut self, response: Response) -> Result<Step, Error> {
        self.reauthorized = true;
        self.client
            .reauthorize(self.access, response, self.granted.as_ref())
            .await?;
        self.ask(None, false).await
    }

    /// A 403: some registries say that where what was sent along has lived its time.
    pub(super) async fn denied(&mut self, problem: Problem, act: Act) -> Result<Step, Error> {
        let (client, granted) = (self.client, self.granted.as_ref());
        self.reauthorized = client.renew(self.access, granted, &problem).await?;
        if self.reauthorized {
            return self.ask(None, false).await;
        }
        self.refused(problem, act).await
    }
}
