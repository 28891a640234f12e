//! Properties of the generated tasks.
