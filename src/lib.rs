//! syncform.
