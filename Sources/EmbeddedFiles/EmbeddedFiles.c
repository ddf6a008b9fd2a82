#include "EmbeddedFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

#define FILE_NAMED(name, bytes) {name, bytes, sizeof bytes}
#define FILES(files) (embedded_files){files, sizeof files / sizeof *files}

static const unsigned char llama_json[] = {
#embed "../Catalogue/Models/llama.json"
};
static const unsigned char qwen_json[] = {
#embed "../Catalogue/Models/qwen.json"
};
static const unsigned char mistral_json[] = {
#embed "../Catalogue/Models/mistral.json"
};
static const unsigned char gemma_json[] = {
#embed "../Catalogue/Models/gemma.json"
};
static const unsigned char deepseek_json[] = {
#embed "../Catalogue/Models/deepseek.json"
};
static const unsigned char kimi_json[] = {
#embed "../Catalogue/Models/kimi.json"
};
static const unsigned char glm_json[] = {
#embed "../Catalogue/Models/glm.json"
};
static const unsigned char gpt_oss_json[] = {
#embed "../Catalogue/Models/gpt-oss.json"
};
static const unsigned char phi_json[] = {
#embed "../Catalogue/Models/phi.json"
};
static const unsigned char nemotron_json[] = {
#embed "../Catalogue/Models/nemotron.json"
};
static const unsigned char falcon_json[] = {
#embed "../Catalogue/Models/falcon.json"
};
static const unsigned char mamba_json[] = {
#embed "../Catalogue/Models/mamba.json"
};
static const unsigned char jamba_json[] = {
#embed "../Catalogue/Models/jamba.json"
};
static const unsigned char dbrx_json[] = {
#embed "../Catalogue/Models/dbrx.json"
};
static const unsigned char grok_json[] = {
#embed "../Catalogue/Models/grok.json"
};
static const unsigned char opt_json[] = {
#embed "../Catalogue/Models/opt.json"
};
static const unsigned char gpt_json[] = {
#embed "../Catalogue/Models/gpt.json"
};
static const unsigned char palm_json[] = {
#embed "../Catalogue/Models/palm.json"
};
static const unsigned char embedding_json[] = {
#embed "../Catalogue/Models/embedding.json"
};
static const unsigned char superllm_json[] = {
#embed "../Catalogue/Models/superllm.json"
};

embedded_files embedded_models(void) {
  static const embedded_file files[] = {
    FILE_NAMED("llama.json", llama_json),
    FILE_NAMED("qwen.json", qwen_json),
    FILE_NAMED("mistral.json", mistral_json),
    FILE_NAMED("gemma.json", gemma_json),
    FILE_NAMED("deepseek.json", deepseek_json),
    FILE_NAMED("kimi.json", kimi_json),
    FILE_NAMED("glm.json", glm_json),
    FILE_NAMED("gpt-oss.json", gpt_oss_json),
    FILE_NAMED("phi.json", phi_json),
    FILE_NAMED("nemotron.json", nemotron_json),
    FILE_NAMED("falcon.json", falcon_json),
    FILE_NAMED("mamba.json", mamba_json),
    FILE_NAMED("jamba.json", jamba_json),
    FILE_NAMED("dbrx.json", dbrx_json),
    FILE_NAMED("grok.json", grok_json),
    FILE_NAMED("opt.json", opt_json),
    FILE_NAMED("gpt.json", gpt_json),
    FILE_NAMED("palm.json", palm_json),
    FILE_NAMED("embedding.json", embedding_json),
    FILE_NAMED("superllm.json", superllm_json),
  };
  return FILES(files);
}

static const unsigned char nvidia_json[] = {
#embed "../Catalogue/Devices/nvidia.json"
};
static const unsigned char amd_json[] = {
#embed "../Catalogue/Devices/amd.json"
};
static const unsigned char google_json[] = {
#embed "../Catalogue/Devices/google.json"
};
static const unsigned char intel_json[] = {
#embed "../Catalogue/Devices/intel.json"
};
static const unsigned char cpu_json[] = {
#embed "../Catalogue/Devices/cpu.json"
};

embedded_files embedded_devices(void) {
  static const embedded_file files[] = {
    FILE_NAMED("nvidia.json", nvidia_json),
    FILE_NAMED("amd.json", amd_json),
    FILE_NAMED("google.json", google_json),
    FILE_NAMED("intel.json", intel_json),
    FILE_NAMED("cpu.json", cpu_json),
  };
  return FILES(files);
}

static const unsigned char platforms_json[] = {
#embed "../Catalogue/Platforms/platforms.json"
};

embedded_files embedded_platforms(void) {
  static const embedded_file files[] = {
    FILE_NAMED("platforms.json", platforms_json),
  };
  return FILES(files);
}

static const unsigned char common_js[] = {
#embed "../PageAssets/Files/common.js"
};
static const unsigned char estimates_grid_js[] = {
#embed "../PageAssets/Files/estimates-grid.js"
};
static const unsigned char estimates_choice_js[] = {
#embed "../PageAssets/Files/estimates-choice.js"
};
static const unsigned char estimates_text_js[] = {
#embed "../PageAssets/Files/estimates-text.js"
};
static const unsigned char estimates_table_js[] = {
#embed "../PageAssets/Files/estimates-table.js"
};
static const unsigned char estimates_plots_js[] = {
#embed "../PageAssets/Files/estimates-plots.js"
};
static const unsigned char estimates_js[] = {
#embed "../PageAssets/Files/estimates.js"
};
static const unsigned char page_css[] = {
#embed "../PageAssets/Files/page.css"
};
static const unsigned char page_js[] = {
#embed "../PageAssets/Files/page.js"
};
static const unsigned char uPlot_iife_js[] = {
#embed "../PageAssets/Files/uPlot.iife.js"
};
static const unsigned char uPlot_min_css[] = {
#embed "../PageAssets/Files/uPlot.min.css"
};

// Each script uses those before it.
static const embedded_file estimates_scripts[] = {
    FILE_NAMED("estimates-grid.js", estimates_grid_js),
    FILE_NAMED("estimates-choice.js", estimates_choice_js),
    FILE_NAMED("estimates-text.js", estimates_text_js),
    FILE_NAMED("estimates-table.js", estimates_table_js),
    FILE_NAMED("estimates-plots.js", estimates_plots_js),
    FILE_NAMED("estimates.js", estimates_js),
};

embedded_file embedded_common_js(void) { return (embedded_file)FILE_NAMED("common.js", common_js); }
embedded_files embedded_estimates_scripts(void) { return FILES(estimates_scripts); }
embedded_file embedded_page_css(void) { return (embedded_file)FILE_NAMED("page.css", page_css); }
embedded_file embedded_page_js(void) { return (embedded_file)FILE_NAMED("page.js", page_js); }
embedded_file embedded_uplot_js(void) { return (embedded_file)FILE_NAMED("uPlot.iife.js", uPlot_iife_js); }
embedded_file embedded_uplot_css(void) { return (embedded_file)FILE_NAMED("uPlot.min.css", uPlot_min_css); }
