//! From encoded pictures to the numbers that a network is given.

mod blur;
mod color;
mod decode;
mod error;
mod format;
mod geometry;
mod jpeg;
mod loader;
mod random;
mod raster;
mod recipe;
mod region;
mod resize;
mod source;
mod view;

pub use decode::{Decoded, Decoder, Header, Oddities, Oddity, decode};
pub use error::PictureError;
pub use format::Format;
pub use geometry::{center, resized};
pub use loader::{Batch, LoadError, Loader, LoaderOptions};
pub use random::Draw;
pub use raster::Raster;
pub use recipe::{Recipe, RecipeError, Step, View};
pub use region::Region;
pub use resize::{Interpolation, Part, Resizer, Resizing};
pub use source::{CacheError, Cached, Source};
pub use view::{Normalisation, Picture, Pixel, Viewer};
