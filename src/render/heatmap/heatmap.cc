#include "render/heatmap/heatmap.h"

#include "base/files.h"
#include "render/heatmap/figure.h"

namespace qkv::render {

namespace {

Figure lone_figure(const Heatmap& map) {
  Figure figure;
  figure.maps = {&map};
  figure.title = map.title;
  figure.subtitle = map.subtitle;
  return figure;
}

Figure grid_figure(const std::vector<Heatmap>& maps, int columns, const std::string& title,
                   const std::string& subtitle) {
  Figure figure;
  for (const Heatmap& map : maps) figure.maps.push_back(&map);
  figure.columns = columns;
  figure.is_grid = true;
  figure.title = title;
  figure.subtitle = subtitle;
  return figure;
}

}  // namespace

void draw_heatmap(const Heatmap& map, const std::filesystem::path& path, PictureFormat format) {
  base::write_file(path, draw(lone_figure(map), format));
}

void draw_heatmap_grid(const std::vector<Heatmap>& maps, int columns, const std::string& title,
                       const std::string& subtitle, const std::filesystem::path& path,
                       PictureFormat format) {
  base::write_file(path, draw(grid_figure(maps, columns, title, subtitle), format));
}

void require_heatmaps_fit(const std::vector<Heatmap>& maps, int columns, const std::string& title,
                          const std::string& subtitle) {
  const Text& text = Text::of_this_thread();
  require_fits(grid_figure(maps, columns, title, subtitle), text);
  require_fits(lone_figure(maps.front()), text);
}

}  // namespace qkv::render
