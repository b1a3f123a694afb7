// html.c - self-contained pages.
#include "proreg/page/html.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/base/json.h"
#include "tensor/base/shown.h"

// In parts: C11 guarantees only 4,095 bytes per string literal.
static const char *const style[] = {
    // Colours: of the page, then eight hues after Okabe and Ito (2008).
    ":root{color-scheme:light dark;--bg:#fdfdfc;--ink:#1b1f24;--soft:#5b6470;--line:#dfe2e6;"
    "--card:#f4f5f5;--heat:#0a5ba8;--on:#fff;--s0:#6c7480;--s1:#a2478e;--s2:#cf5500;--s3:#9a7400;"
    "--s4:#00805a;--s5:#0062b8;--s6:#3a95cf;--s7:#1b1f24}\n"
    "@media (prefers-color-scheme:dark){:root{--bg:#14171a;--ink:#e6e8ea;--soft:#9aa3ad;"
    "--line:#31363c;--card:#1d2125;--heat:#5cb3ff;--on:#0c1116;--s0:#99a1ab;--s1:#dc8cc8;"
    "--s2:#ff8b45;--s3:#e3b62f;--s4:#35c596;--s5:#56aefc;--s6:#9fd6ff;--s7:#e6e8ea}}\n",
    "@media print{:root{color-scheme:light;--bg:#fff;--ink:#000;--soft:#444;--line:#ccc;"
    "--card:#f4f5f5;--heat:#0a5ba8;--on:#fff;--s0:#6c7480;--s1:#a2478e;--s2:#cf5500;--s3:#9a7400;"
    "--s4:#00805a;--s5:#0062b8;--s6:#3a95cf;--s7:#000}"
    "body{max-width:none;font-size:10pt;padding:0}*{print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}h2{break-after:avoid}figure,tr{break-inside:avoid}}\n",
    // Text.
    "*{box-sizing:border-box}html{background:var(--bg);-webkit-text-size-adjust:100%}"
    "body{margin:0 auto;max-width:68rem;padding:2.5rem 1rem 4rem;background:var(--bg);"
    "color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',"
    "'Noto Sans',sans-serif}"
    "h1{font-size:1.85rem;line-height:1.2;margin:0 0 .6rem;letter-spacing:-.015em}"
    "h2{font-size:1.25rem;margin:2.8rem 0 .5rem;letter-spacing:-.01em}"
    "h3{font-size:1rem;margin:1.4rem 0 .4rem}"
    "p{margin:.4rem 0 .9rem;max-width:44rem}.lead{font-size:1.08rem}"
    ".soft,figcaption small{color:var(--soft)}small{font-size:.86rem}sub,sup{line-height:0;"
    "font-size:.72em}"
    "code,pre{font:.84rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
    "pre{background:var(--card);padding:.8rem 1rem;border-radius:.4rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere;margin:.5rem 0 1rem}code{overflow-wrap:anywhere}\n",
    // Tables: figures line up.
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6rem 0 1.2rem}"
    "th,td{text-align:right;padding:.28rem .7rem;border-bottom:1px solid var(--line);"
    "white-space:nowrap}th{font-weight:600;font-size:.86rem;color:var(--soft);vertical-align:"
    "bottom}th:first-child,td:first-child{text-align:left;padding-left:0}"
    "td:last-child,th:last-child{padding-right:0}tr.best td{font-weight:650}"
    ".wide{overflow-x:auto}table.facts{table-layout:fixed;width:100%}"
    ".facts td{text-align:left;white-space:normal;overflow-wrap:anywhere;vertical-align:top;"
    "font-size:.86rem}.facts td:first-child{color:var(--soft);width:12rem}"
    ".key{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.5em;"
    "background:var(--c)}\n",
    // Figures and pictures.
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));"
    "gap:1.4rem 2rem;align-items:start}"
    "figure{margin:.4rem 0 0;min-width:0}figcaption{font-weight:600;font-size:.95rem;"
    "margin-bottom:.3rem}figcaption small{display:block;font-weight:400}"
    "svg{display:block;width:100%;height:auto;max-width:36rem;overflow:visible}"
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
    "svg .spread{stroke:var(--c);stroke-width:1.2;opacity:.6}"
    "svg .cell{fill:var(--heat);stroke:var(--bg);stroke-width:1.5}"
    "svg .hole{fill:var(--card);stroke:var(--bg);stroke-width:1.5}"
    "svg text.dark{fill:var(--on)}svg text.light{fill:var(--ink)}"
    "svg .ring{fill:none;stroke:var(--ink);stroke-width:1.5}"
    ".s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}"
    ".s5{--c:var(--s5)}.s6{--c:var(--s6)}.s7{--c:var(--s7)}\n",
};

Status html_begin(FileOut *o, const char *path, const char *title)
{
    TRY(file_create(o, path));
    file_printf(o, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                   "<title>");
    html_text(o, title);
    file_printf(o, "</title>\n<style>\n");
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
