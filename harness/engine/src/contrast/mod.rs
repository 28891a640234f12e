//! Training without labels: networks that tell two views of a picture from views of others.
//!
//! A [`ContrastSet`] makes a contrastive objective of any source of views ([`Views`]), so that training, calibration, rewinding
//! and recovery are what they are for tasks with labels. Its networks end in a projection.

mod losses;
mod momentum;
mod retrieval;
mod set;
mod views;

pub use losses::{info_nce, nt_xent};
pub use retrieval::retrieved;
pub use set::ContrastSet;
pub use views::Views;
