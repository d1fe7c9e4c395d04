// A noise schedule as a picture: signal and noise over time, their ratio, and what becomes of an image.
#pragma once

#include <string>

#include "runtime/data/images.h"
#include "runtime/diffusion/schedule.h"

namespace qiln::report {

/// A table of signal, noise, signal-to-noise ratio and beta at eleven times.
std::string schedule_text(const diffusion::NoiseSchedule& schedule);

/// The curves over u = (t + 1) / T in 0..1, and under them the first of `images` at nine times, always with the same
/// noise. One SVG file with the strip of images in it.
std::string schedule_svg(const diffusion::NoiseSchedule& schedule, const data::Images& images);

}  // namespace qiln::report
