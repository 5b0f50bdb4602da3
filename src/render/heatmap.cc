#include "render/heatmap.h"

#include "base/files.h"
#include "render/figure.h"

namespace qkv::render {

void draw_heatmap(const Heatmap& map, const std::filesystem::path& path, PictureFormat format) {
  Figure figure;
  figure.maps = {&map};
  figure.title = map.title;
  figure.subtitle = map.subtitle;
  base::write_file(path, draw(figure, format));
}

void draw_heatmap_grid(const std::vector<Heatmap>& maps, int columns, const std::string& title,
                       const std::string& subtitle, const std::filesystem::path& path,
                       PictureFormat format) {
  Figure figure;
  for (const Heatmap& map : maps) figure.maps.push_back(&map);
  figure.columns = columns;
  figure.is_grid = true;
  figure.title = title;
  figure.subtitle = subtitle;
  base::write_file(path, draw(figure, format));
}

}  // namespace qkv::render
