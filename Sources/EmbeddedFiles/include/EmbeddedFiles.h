/// Files that are part of the program, so that the command is one file wherever it is copied.
///
/// C, because `#embed` costs nothing: the same bytes as a literal of Swift take half a minute to compile.
#ifndef EMBEDDED_FILES_H
#define EMBEDDED_FILES_H

/// A file's name within its folder, and its bytes.
typedef struct {
  const char *_Nonnull name;
  const unsigned char *_Nonnull bytes;
  long count;
} embedded_file;

/// Files in a fixed order.
typedef struct {
  const embedded_file *_Nonnull first;
  long count;
} embedded_files;

/// `Catalogue/Models`: one a family of models.
embedded_files embedded_models(void);
/// `Catalogue/Devices`: one a maker of devices.
embedded_files embedded_devices(void);
/// `Catalogue/Platforms`: servers and pods.
embedded_files embedded_platforms(void);

// The files of `PageAssets/Files`.
embedded_file embedded_common_js(void);
embedded_file embedded_page_css(void);
embedded_file embedded_page_js(void);
embedded_file embedded_uplot_js(void);
embedded_file embedded_uplot_css(void);
/// The scripts of compared estimates: each uses those before it.
embedded_files embedded_estimates_scripts(void);

#endif
