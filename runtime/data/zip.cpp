#include "runtime/data/zip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "dsl/error.h"

namespace qiln::data {
namespace {

constexpr std::uint64_t max_directory = std::uint64_t{1} << 24, buffer_size = std::uint64_t{1} << 16;
constexpr std::uint64_t deflate_ratio = 1032;  // no deflate stream unpacks to more than this times its size
constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50, locator64_signature = 0x07064b50;
constexpr std::uint16_t encrypted = 1, stored = 0, deflated = 8, sizes_extra = 1;
constexpr std::size_t local_size = 30, central_size = 46, end_size = 22, end64_size = 56, locator64_size = 20;

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
  throw Error(fmt::format("cannot read `{}`: {}", path.string(), what));
}

/// Little-endian integers of a piece of the file; past its end is an error.
class Fields {
 public:
  Fields(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) : bytes_(bytes), path_(path) {}

  std::size_t left() const { return bytes_.size() - at_; }
  std::span<const std::uint8_t> take(std::size_t size) {
    if (size > left()) fail(path_, "its directory ends early; fetch the file again");
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  template <class T>
  T number() {
    T value = 0;
    const auto bytes = take(sizeof(T));
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<T>(bytes[i]) << (8 * i));
    return value;
  }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }

 private:
  std::span<const std::uint8_t> bytes_;
  const std::filesystem::path& path_;
  std::size_t at_ = 0;
};

/// The file's bytes by offset.
class Bytes {
 public:
  explicit Bytes(const std::filesystem::path& path) : path_(path) {
    std::error_code code;
    if (std::filesystem::is_directory(path, code)) fail(path, "it is a folder");
    size_ = std::filesystem::file_size(path, code);
    if (code) fail(path, code.message());
    stream_.open(path, std::ios::binary);
    if (!stream_) fail(path, std::generic_category().message(errno));
  }

  std::uint64_t size() const { return size_; }
  void read(std::uint64_t offset, std::span<std::uint8_t> out) {
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    if (static_cast<std::size_t>(stream_.gcount()) != out.size()) fail(path_, "it ends early; fetch the file again");
  }
  std::vector<std::uint8_t> piece(std::uint64_t offset, std::uint64_t size) {
    if (offset > size_ || size > size_ - offset)
      fail(path_, fmt::format("its directory points beyond its end, {} bytes; fetch the file again", size_));
    std::vector<std::uint8_t> out(size);
    read(offset, out);
    return out;
  }

 private:
  const std::filesystem::path& path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
};

/// Where the directory lies.
struct Directory {
  std::uint64_t offset = 0, size = 0, entries = 0;
};

/// The end record of 64 bits, when a locator stands before the plain one at `end`.
std::optional<Directory> find_directory64(Bytes& bytes, std::uint64_t end, const std::filesystem::path& path) {
  if (end < locator64_size) return std::nullopt;
  const auto locator = bytes.piece(end - locator64_size, locator64_size);
  Fields where(locator, path);
  if (where.u32() != locator64_signature) return std::nullopt;
  where.u32();
  const auto record = bytes.piece(where.u64(), end64_size);
  Fields fields(record, path);
  if (fields.u32() != end64_signature) fail(path, "its directory of 64 bits is not where it should be");
  fields.take(28);
  Directory directory;
  directory.entries = fields.u64();
  directory.size = fields.u64();
  directory.offset = fields.u64();
  return directory;
}

Directory find_directory(Bytes& bytes, const std::filesystem::path& path) {
  const std::uint64_t tail = std::min<std::uint64_t>(bytes.size(), end_size + 0xffff);
  if (tail < end_size) fail(path, "it is too short to be a ZIP archive");
  const auto last = bytes.piece(bytes.size() - tail, tail);
  for (std::uint64_t at = tail - end_size + 1; at-- > 0;) {
    Fields fields(std::span<const std::uint8_t>(last).subspan(at), path);
    if (fields.u32() != end_signature) continue;
    if (fields.u16() != 0 || fields.u16() != 0) fail(path, "it is one of several parts of an archive");
    fields.u16();
    Directory directory;
    directory.entries = fields.u16();
    directory.size = fields.u32();
    directory.offset = fields.u32();
    return find_directory64(bytes, bytes.size() - tail + at, path).value_or(directory);
  }
  fail(path, "it is not a whole ZIP archive, whose directory stands at the end; is it another format, or cut short?");
}

/// Sizes and offset that did not fit into 32 bits stand, in this order, in an extra field.
void read_sizes64(ZipEntry& entry, std::span<const std::uint8_t> extra, const std::filesystem::path& path) {
  constexpr std::uint64_t elsewhere = 0xffffffff;
  Fields fields(extra, path);
  while (fields.left() >= 4) {
    const std::uint16_t kind = fields.u16(), size = fields.u16();
    if (size > fields.left()) return;
    Fields values(fields.take(size), path);
    if (kind != sizes_extra) continue;
    for (std::uint64_t* value : {&entry.unpacked, &entry.packed, &entry.header})
      if (*value == elsewhere && values.left() >= 8) *value = values.u64();
    return;
  }
}

ZipEntry read_entry(Fields& fields, const std::filesystem::path& path) {
  if (fields.u32() != central_signature) fail(path, "its directory is damaged; fetch the file again");
  ZipEntry entry;
  fields.take(4);
  entry.flags = fields.u16();
  entry.method = fields.u16();
  fields.take(4);
  entry.crc = fields.u32();
  entry.packed = fields.u32();
  entry.unpacked = fields.u32();
  const std::size_t name = fields.u16(), extra = fields.u16(), comment = fields.u16();
  fields.take(8);
  entry.header = fields.u32();
  const auto text = fields.take(name);
  entry.name.assign(text.begin(), text.end());
  read_sizes64(entry, fields.take(extra), path);
  fields.take(comment);
  return entry;
}

}  // namespace

ZipArchive::ZipArchive(const std::filesystem::path& path) : path_(path) {
  Bytes bytes(path_);
  const Directory directory = find_directory(bytes, path_);
  if (directory.size > max_directory || directory.entries > directory.size / central_size)
    fail(path_, fmt::format("its directory announces {} entries in {} bytes, which is not plausible", directory.entries,
                            directory.size));
  const auto listing = bytes.piece(directory.offset, directory.size);
  Fields fields(listing, path_);
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    ZipEntry entry = read_entry(fields, path_);
    if (find(entry.name)) fail(path_, fmt::format("it holds `{}` twice", entry.name));
    entries_.push_back(std::move(entry));
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

struct ZipReader::State {
  std::filesystem::path path;
  ZipEntry entry;
  Bytes bytes;
  std::uint64_t at = 0, end = 0;  // of what is not yet in the buffer
  std::uint64_t done = 0;         // unpacked bytes
  std::uint32_t crc = 0;
  z_stream stream = {};
  bool inflating = false, ended = false;
  std::array<std::uint8_t, buffer_size> buffer;

  State(const std::filesystem::path& path, const ZipEntry& entry) : path(path), entry(entry), bytes(this->path) {}
  ~State() {
    if (inflating) inflateEnd(&stream);
  }
  [[noreturn]] void fail(std::string_view what) const { data::fail(path, fmt::format("`{}` {}", entry.name, what)); }

  void open() {
    if (entry.flags & encrypted) fail("is encrypted");
    if (entry.method != stored && entry.method != deflated)
      fail(fmt::format("is packed by method {}; stored and deflated entries are read", entry.method));
    const bool plausible =
        entry.method == stored ? entry.packed == entry.unpacked : entry.unpacked / deflate_ratio <= entry.packed;
    if (!plausible)
      fail(fmt::format("cannot unpack from {} to {} bytes; the directory is damaged", entry.packed, entry.unpacked));
    const auto local = bytes.piece(entry.header, local_size);
    Fields fields(local, path);
    if (fields.u32() != local_signature) fail("is not where the directory says; fetch the file again");
    fields.take(22);
    const std::uint64_t name = fields.u16(), extra = fields.u16();
    at = entry.header + local_size + name + extra;
    if (at > bytes.size() || entry.packed > bytes.size() - at)
      fail("reaches beyond the end of the file; fetch the file again");
    end = at + entry.packed;
    if (entry.method != deflated) return;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    inflating = true;
  }

  std::size_t fill() {
    const std::size_t size = std::min<std::uint64_t>(buffer_size, end - at);
    bytes.read(at, std::span(buffer).first(size));
    at += size;
    return size;
  }

  std::size_t copy(std::uint8_t* out, std::size_t size) {
    size = std::min<std::uint64_t>(size, end - at);
    bytes.read(at, {out, size});
    at += size;
    return size;
  }

  std::size_t inflate_some(std::uint8_t* out, std::size_t size) {
    if (ended) return 0;
    stream.next_out = out;
    stream.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1 << 30));
    const uInt wanted = stream.avail_out;
    while (stream.avail_out > 0) {
      if (stream.avail_in == 0 && at < end) {
        stream.avail_in = static_cast<uInt>(fill());
        stream.next_in = buffer.data();
      }
      const int code = ::inflate(&stream, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        ended = true;
        break;
      }
      if (code == Z_BUF_ERROR && stream.avail_in == 0 && at == end)
        fail(
            fmt::format("ends early, after {} unpacked bytes; fetch the file again", done + wanted - stream.avail_out));
      if (code != Z_OK)
        fail(fmt::format("is damaged after {} unpacked bytes ({}); fetch the file again",
                         done + wanted - stream.avail_out, stream.msg ? stream.msg : zError(code)));
    }
    return wanted - stream.avail_out;
  }

  std::size_t some(std::uint8_t* out, std::size_t size) {
    const std::size_t got = inflating ? inflate_some(out, size) : copy(out, size);
    crc = static_cast<std::uint32_t>(crc32_z(crc, out, got));
    done += got;
    if (done > entry.unpacked)
      fail(fmt::format("unpacks to more than the {} bytes that the directory says", entry.unpacked));
    return got;
  }
};

ZipReader::ZipReader(const std::filesystem::path& path, const ZipEntry& entry)
    : state_(std::make_unique<State>(path, entry)) {
  state_->open();
}
ZipReader::ZipReader(ZipReader&&) noexcept = default;
ZipReader::~ZipReader() = default;

std::size_t ZipReader::read(std::uint8_t* out, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const std::size_t got = state_->some(out + done, size - done);
    if (got == 0) break;
    done += got;
  }
  return done;
}

void ZipReader::finish() {
  std::uint8_t extra;
  if (read(&extra, 1) != 0 || state_->done != state_->entry.unpacked)
    state_->fail(fmt::format("has another size than the {} bytes that the directory says", state_->entry.unpacked));
  if (state_->crc != state_->entry.crc)
    state_->fail("is damaged: its bytes do not have the checksum that the directory says; fetch the file again");
}

}  // namespace qiln::data
