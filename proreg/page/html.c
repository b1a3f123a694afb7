// html.c - self-contained pages.
#include "proreg/page/html.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/base/json.h"
#include "tensor/base/shown.h"

const HtmlColour html_colours[HTML_COLOURS] = {
    // the ground, text, fainter text, lines, another ground
    { "bg", "#fdfdfc", "#14171a" }, { "ink", "#1b1f24", "#e6e8ea" },
    { "soft", "#5b6470", "#9aa3ad" }, { "line", "#dfe2e6", "#31363c" },
    { "card", "#f4f5f5", "#1d2125" },
    // hues
    { "s0", "#6c7480", "#99a1ab" }, { "s1", "#a2478e", "#dc8cc8" },
    { "s2", "#c04f00", "#ff8b45" }, { "s3", "#8a6800", "#e3b62f" },
    { "s4", "#00785a", "#35c596" }, { "s5", "#0062b8", "#56aefc" },
    { "s6", "#237aa8", "#9fd6ff" }, { "s7", "#1b1f24", "#e6e8ea" },
    // cells of heat maps and what is written in them
    { "h0", "#f3f1f7", "#1f2027" }, { "t0", "#000", "#fff" },
    { "h1", "#e2dbef", "#2a253b" }, { "t1", "#000", "#fff" },
    { "h2", "#d0c6e7", "#352a50" }, { "t2", "#000", "#fff" },
    { "h3", "#bfb0e0", "#3f2e64" }, { "t3", "#000", "#fff" },
    { "h4", "#aa97d4", "#503b7d" }, { "t4", "#000", "#fff" },
    { "h5", "#947cc6", "#644c98" }, { "t5", "#000", "#fff" },
    { "h6", "#7e61b7", "#775cb2" }, { "t6", "#fff", "#fff" },
    { "h7", "#6a4aa9", "#8d71ca" }, { "t7", "#fff", "#000" },
    { "h8", "#5a3a98", "#a891dc" }, { "t8", "#fff", "#000" },
    { "h9", "#4a2a88", "#c2b0ed" }, { "t9", "#fff", "#000" },
    { "h10", "#3a1a78", "#ddd0ff" }, { "t10", "#fff", "#000" },
};

// In parts: C11 guarantees only 4,095 bytes per string literal.
static const char *const style[] = {
    "@media print{body{max-width:none;font-size:10pt;padding:0}*{print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}h2{break-after:avoid}figure,tr{break-inside:avoid}}\n",
    // Text.
    "*{box-sizing:border-box}html{background:var(--bg);-webkit-text-size-adjust:100%}"
    "body{margin:0 auto;max-width:84rem;padding:2rem 1.5rem 4rem;background:var(--bg);"
    "color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',"
    "'Noto Sans',sans-serif}"
    "h1{font-size:1.85rem;line-height:1.2;margin:0 0 .6rem;letter-spacing:-.015em}"
    "h2{font-size:1.25rem;margin:2.8rem 0 .5rem;letter-spacing:-.01em}"
    "h3{font-size:1rem;margin:1.4rem 0 .4rem}"
    "p{margin:.4rem 0 .9rem;max-width:48rem}.lead{font-size:1.08rem}"
    ".soft,.range,figcaption small{color:var(--soft)}small{font-size:.86rem}sub,sup{line-height:0;"
    "font-size:.72em}"
    "code,pre{font:.84rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
    "pre{background:var(--card);padding:.8rem 1rem;border-radius:.4rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere;margin:.5rem 0 1rem}code{overflow-wrap:anywhere}\n",
    // Tables: figures line up.
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6rem 0 1.2rem}"
    "th,td{text-align:right;padding:.28rem .5rem;border-bottom:1px solid var(--line);"
    "white-space:nowrap}th{font-weight:600;font-size:.86rem;color:var(--soft);vertical-align:"
    "bottom}th:first-child,td:first-child{text-align:left;padding-left:0}"
    "td:last-child,th:last-child{padding-right:0}td.best{font-weight:650}"
    "td .range{display:block}"
    "table.facts{table-layout:fixed;width:100%;margin:0}"
    ".facts td{text-align:left;white-space:normal;overflow-wrap:anywhere;vertical-align:top;"
    "font-size:.86rem}.facts td:first-child{color:var(--soft);width:12rem}"
    ".key{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.5em;"
    "background:var(--c)}\n",
    // What is too wide scrolls within its box: a shade at the edge where there is more, and a
    // word, which a browser that can tell shows only there. Names stay in sight.
    ".wide{overflow-x:auto;container-type:scroll-state;background:linear-gradient(to left,"
    "var(--bg) 40%,transparent) right/1.5rem 100% no-repeat local,linear-gradient(to left,"
    "var(--soft),transparent) right/.5rem 100% no-repeat scroll}"
    ".wide th:first-child,.wide td:first-child{position:sticky;left:0;background:var(--bg)}"
    ".hint{display:none;position:sticky;left:0;width:max-content;font-size:.86rem;"
    "color:var(--soft)}@media (max-width:40rem){.hint{display:block}}"
    "@supports (container-type:scroll-state){.hint{display:none}@container scroll-state("
    "scrollable:right){.hint{display:block}}}"
    "@media print{.wide{background:none}.hint{display:none}}\n",
    // Figures and pictures.
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));"
    "gap:1.4rem 2.4rem;align-items:start}.grid.three{grid-template-columns:repeat(auto-fit,minmax("
    "min(100%,20rem),1fr))}.grid>*{min-width:0}.grid h3{margin-top:.4rem}"
    "figure{margin:.4rem 0 0;min-width:0}figcaption{font-weight:600;font-size:.95rem;"
    "margin-bottom:.3rem}figcaption small{display:block;font-weight:400}"
    "svg{display:block;width:100%;height:auto;max-width:42rem;overflow:visible}"
    ".tiles{display:flex;flex-wrap:wrap;gap:.4rem 2.4rem;margin:1rem 0 .6rem;padding:0}"
    ".tiles div{min-width:5.5rem}.tiles b{display:block;font-size:1.7rem;line-height:1.2;"
    "font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}"
    ".tiles span{font-size:.86rem;color:var(--soft)}"
    ".pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(4.75rem,1fr));gap:.7rem;"
    "margin:.6rem 0 1rem;padding:0;list-style:none}"
    ".pictures li{font-size:.75rem;line-height:1.35;color:var(--soft);overflow-wrap:anywhere}"
    ".pictures img,.none{display:block;width:100%;aspect-ratio:1;object-fit:contain;border-radius:"
    ".25rem;background:var(--card);margin-bottom:.25rem;image-rendering:pixelated}"
    ".pictures img.photo{image-rendering:auto}.pictures b{color:var(--ink);font-weight:600}\n",
    // Drawings.
    "svg text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;"
    "fill:var(--soft);font-variant-numeric:tabular-nums}"
    "svg .grid-line{stroke:var(--line);stroke-width:1}svg .axis{stroke:var(--soft);stroke-width:1}"
    "svg text.name{font-weight:600;fill:var(--c,var(--ink))}"
    "svg .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:"
    "round}svg .dash{stroke-dasharray:5 4;stroke-width:1.5}svg .dot{fill:var(--c);stroke:var(--bg);"
    "stroke-width:1.5}svg .faint{fill:var(--c);opacity:.35}svg .bar{fill:var(--c);opacity:.85}"
    "svg .hollow{fill:none;stroke:var(--c);stroke-width:1.2}svg .halo{fill:none;stroke:var(--c);"
    "stroke-width:2.5}svg .level{stroke:var(--soft);stroke-width:1;stroke-dasharray:1 3}"
    "svg .spread{stroke:var(--c);stroke-width:1.2;opacity:.6}"
    "svg .cell,svg .hole{stroke:var(--bg);stroke-width:1.5}svg .hole{fill:var(--card)}"
    "svg .ring{fill:none;stroke:var(--ink);stroke-width:1.5}svg .inner{stroke:var(--bg)}"
};

// The values of one screen, then what the hues and the cells of heat maps are called in it.
static void write_colours(FileOut *o)
{
    file_printf(o, ":root{color-scheme:light dark");
    for (int i = 0; i < HTML_COLOURS; i++)
        file_printf(o, ";--%s:%s", html_colours[i].name, html_colours[i].light);
    file_printf(o, "}\n@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark");
    for (int i = 0; i < HTML_COLOURS; i++)
        file_printf(o, ";--%s:%s", html_colours[i].name, html_colours[i].dark);
    file_printf(o, "}}\n");
    for (int i = 0; i < 8; i++) file_printf(o, ".s%d{--c:var(--s%d)}", i, i);
    for (int i = 0; i < HTML_HEAT; i++)
        file_printf(o, "svg .h%d{fill:var(--h%d)}svg text.t%d{fill:var(--t%d)}", i, i, i, i);
    file_printf(o, "\n");
}

Status html_begin(FileOut *o, const char *path, const char *title)
{
    TRY(file_create(o, path));
    file_printf(o, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                   "<title>");
    html_text(o, title);
    file_printf(o, "</title>\n<style>\n");
    write_colours(o);
    for (size_t i = 0; i < sizeof style / sizeof style[0]; i++) file_printf(o, "%s", style[i]);
    return file_printf(o, "</style></head><body>\n");
}

Status html_end(FileOut *o)
{
    file_printf(o, "</body></html>\n");
    return file_commit(o);
}

// ---- text and numbers ---------------------------------------------------------------------------

static const char *escape(unsigned char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    default: return (c < ' ' && c != '\n' && c != '\t') || c == 127 ? "\xef\xbf\xbd" : NULL;
    }
}

void html_text(FileOut *o, const char *text)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + strlen(text);
    while (p < end) {
        int n = utf8_size(p, end);
        const char *special = n == 0 ? "\xef\xbf\xbd" : escape(*p);
        if (special) file_write(o, special, strlen(special));
        else file_write(o, p, (size_t)n);
        p += n ? n : 1;
    }
}

void html_number(FileOut *o, double x)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x) break;
    }
    file_printf(o, "%s", text);
}

void html_share(FileOut *o, double share)
{
    file_printf(o, "<data value=\"");
    html_number(o, share);
    file_printf(o, "\">%.1f</data>", 100 * share);
}

void html_range(FileOut *o, double low, double high)
{
    file_printf(o, " <small class=\"range\">%.1f to %.1f</small>", 100 * low, 100 * high);
}

void html_table(FileOut *o, const char *id)
{
    file_printf(o, "<div class=\"wide\"><span class=\"hint\">scrolls sideways &#8594;</span>"
                   "<table id=\"%s\">", id);
}

void html_int(FileOut *o, int64_t n)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
    for (int i = 0; i < length; i++) {
        bool comma = i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0;
        file_printf(o, "%s%c", comma ? "," : "", digits[i]);
    }
}

// ---- pictures -----------------------------------------------------------------------------------

// RFC 4648: three bytes become four letters of six bits.
static void base64(FileOut *o, const uint8_t *x, size_t n)
{
    static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t b = (uint32_t)x[i] << 16;
        if (i + 1 < n) b |= (uint32_t)x[i + 1] << 8;
        if (i + 2 < n) b |= x[i + 2];
        const char four[4] = { letter[b >> 18], letter[b >> 12 & 63],
                               i + 1 < n ? letter[b >> 6 & 63] : '=',
                               i + 2 < n ? letter[b & 63] : '=' };
        file_write(o, four, 4);
    }
}

void html_png(FileOut *o, const uint8_t *png, size_t bytes, const char *alt, bool smooth)
{
    file_printf(o, "<img %ssrc=\"data:image/png;base64,", smooth ? "class=\"photo\" " : "");
    base64(o, png, bytes);
    file_printf(o, "\" alt=\"");
    html_text(o, alt);
    file_printf(o, "\"/>");
}
