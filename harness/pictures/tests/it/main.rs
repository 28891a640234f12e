//! What the crate promises: PIL's and torchvision's values, and properties.

mod damage;
mod decode;
mod golden;
mod loader;
mod steps;
mod views;
