//! Trainings of several owners.

use veilsum_protocol::TrainingId;
use veilsum_protocol::api::training::{
    ContributionObject, ContributionUpload, CreateTraining, FinishTraining, JoinTraining, OpenRound,
    RoundTotal, TrainingEntry, TrainingStatus, Trainings,
};

use super::fetch::Method;
use super::{Api, ApiError, How, NOTHING, ascending};

impl Api {
    /// Creates a training.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create_training(&self, message: &CreateTraining, how: How<'_>) -> Result<(), ApiError> {
        self.send(Method::Post, "/trainings", Some(message), how).await.map(drop)
    }

    /// The trainings whose key the keyring holds, and those that it takes part in.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn trainings(&self, how: How<'_>) -> Result<Vec<TrainingEntry>, ApiError> {
        let mut trainings = Vec::new();
        let mut path = "/trainings".to_owned();
        let mut last = String::new();
        loop {
            let mut page: Trainings = self.ask(Method::Get, &path, NOTHING, how).await?;
            trainings.append(&mut page.trainings);
            let Some(after) = page.next else { return Ok(trainings) };
            path = format!("/trainings?after={after}");
            last = ascending(last, after)?;
        }
    }

    /// Where a training stands, with all its rounds after round `after`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn training(
        &self,
        training: TrainingId,
        after: Option<u32>,
        how: How<'_>,
    ) -> Result<TrainingStatus, ApiError> {
        let path = |after: Option<u32>| match after {
            None => format!("/trainings/{training}"),
            Some(after) => format!("/trainings/{training}?after={after}"),
        };
        let mut status: TrainingStatus = self.ask(Method::Get, &path(after), NOTHING, how).await?;
        let mut last = after;
        while let Some(next) = status.next.take() {
            let next = next.parse().ok().filter(|next| last.is_none_or(|last| *next > last));
            last = Some(next.ok_or(ApiError::NotUnderstood)?);
            let mut page: TrainingStatus = self.ask(Method::Get, &path(last), NOTHING, how).await?;
            status.rounds.append(&mut page.rounds);
            status.next = page.next;
        }
        Ok(status)
    }

    /// Takes part in a training.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn join_training(
        &self,
        training: TrainingId,
        message: &JoinTraining,
        how: How<'_>,
    ) -> Result<(), ApiError> {
        self.send(Method::Post, &format!("/trainings/{training}/owners"), Some(message), how).await.map(drop)
    }

    /// Opens the next round.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn open_round(
        &self,
        training: TrainingId,
        message: &OpenRound,
        how: How<'_>,
    ) -> Result<(), ApiError> {
        self.send(Method::Post, &format!("/trainings/{training}/rounds"), Some(message), how).await.map(drop)
    }

    /// Asks where a contribution may be PUT.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn request_contribution(
        &self,
        training: TrainingId,
        round: u32,
        object: &ContributionObject,
        how: How<'_>,
    ) -> Result<ContributionUpload, ApiError> {
        let path = format!("/trainings/{training}/rounds/{round}/uploads");
        self.ask(Method::Post, &path, Some(object), how).await
    }

    /// Has a stored contribution counted.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn contribute(
        &self,
        training: TrainingId,
        round: u32,
        object: &ContributionObject,
        how: How<'_>,
    ) -> Result<(), ApiError> {
        let path = format!("/trainings/{training}/rounds/{round}/contributions");
        self.send(Method::Post, &path, Some(object), how).await.map(drop)
    }

    /// Has a round added up, and asks where its total is.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn add_up_round(
        &self,
        training: TrainingId,
        round: u32,
        how: How<'_>,
    ) -> Result<RoundTotal, ApiError> {
        let path = format!("/trainings/{training}/rounds/{round}/total");
        self.ask(Method::Post, &path, NOTHING, how).await
    }

    /// Ends a training with what came out.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn finish_training(
        &self,
        training: TrainingId,
        message: &FinishTraining,
        how: How<'_>,
    ) -> Result<(), ApiError> {
        self.send(Method::Post, &format!("/trainings/{training}/outcome"), Some(message), how).await.map(drop)
    }

    /// Ends a training, or leaves it.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn end_training(&self, training: TrainingId, how: How<'_>) -> Result<(), ApiError> {
        self.send(Method::Delete, &format!("/trainings/{training}"), NOTHING, how).await.map(drop)
    }
}
