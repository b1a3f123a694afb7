// proreg.h - debiased fine-tuning by prompt regularisation (Zhu et al. 2023, AAAI 37(3):3834-3842).
//
// A vision-language model fine-tuned on a biased data set learns the bias. Its pretrained self,
// asked by a prompt ("a photo of a dog."), has not seen that set. ProReg keeps the answer as a soft
// target:
//
//     L = mean_i (1 - w_i) CE_i + alpha mean_i w_i KD_i
//
// with CE_i the cross-entropy to the label, KD_i that to the frozen model's prediction, and w_i
// near 1 where the frozen model already knows the answer and the student does not. Read loss.c
// next.
#pragma once
#include "clip/clip.h"
#include "proreg/kept.h"

// ---- the loss -----------------------------------------------------------------------------------

typedef enum {
    WEIGHT_NONE,                 // cross-entropy alone: fine-tuning
    WEIGHT_FIXED,                // w_i = alpha for all, 1 - alpha for the label: distillation
    WEIGHT_POWER,                // w = p_t^k / (p_s + p_t^k + 1e-5): released with k = 10
    WEIGHT_CE_RATIO,             // w = CE_s^gamma / (CE_s^gamma + CE_t^gamma + 1e-5)
} WeightForm;

typedef struct {
    WeightForm form;
    double power, gamma;         // k, gamma
    double alpha;                // how much distillation counts
    double temp;                 // T of the distillation; never of the weight
} LossConfig;

// What the log and samples.jsonl say of one picture.
typedef struct { double loss, ce, kd, w, p_s, p_t; } LossRow;
        // loss: its share of L, entropy included; ce = CE_s; kd = T^2 KL: entropy taken off; w =
        // w_t; p_s, p_t: the label's probability at temperature 1. Without a teacher kd, w and p_t
        // are 0

// M pictures' part of the loss of a batch of `batch` pictures, as a tensor of one element. logits
// (M,K); teacher (M,K) logits without gradient, or NULL for WEIGHT_NONE; label (M) on the host
Tensor *proreg_loss(Tape *t, const LossConfig *config, Tensor *logits, Tensor *teacher,
                    const int32_t *label, int64_t batch, LossRow *rows);

// ---- the methods --------------------------------------------------------------------------------

typedef enum {
    HEAD_PROMPT,                 // class vectors that begin as the prompts' text features
    HEAD_MLP,                    // promptless: Linear E-2E, LayerNorm, GELU, Linear 2E-K
    HEAD_LINEAR,                 // Linear E-K on the frozen features
} HeadKind;

typedef struct {
    const char *name, *help;
    HeadKind head;
    WeightForm form;
    bool trains_tower;
    double alpha;                // default of --alpha
    double lr;                   // default of --lr
} Method;

extern const Method methods[];                   // ends with a NULL name
const Method *method_find(const char *name);     // NULL: none

// Learning rates and decay as released: {tower, head} x {decay, no decay}. Judged by OpenAI's names
// alone: the head is what holds text_features, logit_scale or cls_head; no decay for what holds
// "bias". So the gains of layer norms and all embeddings are decayed, as they were by the authors.
typedef enum { GROUP_TOWER, GROUP_TOWER_BIAS, GROUP_HEAD, GROUP_HEAD_BIAS, GROUPS } Group;
int group_of(const char *name);

// ---- the student --------------------------------------------------------------------------------

// The model that is trained: an image tower, a scale and a classifier.
typedef struct {
    const Method *method;
    Clip clip;                   // its image tower alone; params holds the classifier's too
    int64_t classes;
    Tensor *text_features;       // HEAD_PROMPT: (K,E) raw
    Linear fc, out;              // HEAD_MLP: cls_head.0, cls_head.3; HEAD_LINEAR: out = cls_head
    LayerNorm ln;                // HEAD_MLP: cls_head.1
} Student;

// Opens the image tower of `model`, declares the classifier, and starts it: from class_features
// (K,E) for HEAD_PROMPT (NULL: zeros, where a checkpoint will be loaded), else from normal(0, 0.02)
// by the seed, biases 0.
Status student_open(Student *s, const Backend *be, const char *model, const ClipOptions *options,
                    const Method *method, int64_t classes, const float *class_features,
                    uint64_t seed);
void student_free(Student *s);

// What the classifier compares with, made once a step on a tape of its own: class vectors of length
// 1 for HEAD_PROMPT, with a gradient to add to (tape_leaf); NULL for the others.
Tensor *student_classes(Tape *t, Student *s);
Status student_classes_backward(Tape *t, Tensor *classes);   // after the step's last micro-batch

Tensor *student_features(Tape *t, const Student *s, Tensor *pixels);     // (B,E) raw
Tensor *student_logits(Tape *t, const Student *s, Tensor *features, Tensor *classes);  // (B,K)

// Checkpoints: classifier.safetensors. HEAD_PROMPT: `weight` (K,E) raw and `logit_scale`; else the
// cls_head's tensors. clip_save writes the rest. optimizer.safetensors: both moments of all that is
// trained, by parameter name with ".m" and ".v".
Status student_save_classifier(const char *path, const Student *s);
Status student_load_classifier(Student *s, const char *path);
Status student_save_optimizer(const char *path, const Student *s);
Status student_load_optimizer(Student *s, const char *path);

// ---- prompts ------------------------------------------------------------------------------------

typedef struct Bpe Bpe;
// Class vectors from prompts, "{}" in each template standing for the class: (classes,E) on the
// host. `raw` (K,E): one template: the text feature as it is; several: each made unit, their mean,
// made unit again. `unit`: raw made unit. Either may be NULL.
Status zeroshot_classes(float *raw, float *unit, const Clip *c, const Bpe *bpe,
                        const char *const *classes, int64_t n, const char *const *templates,
                        int64_t n_templates);

// ---- the teacher --------------------------------------------------------------------------------

// The frozen pretrained model as a classifier; logits are kept per picture when `pictures` > 0:
// right only where a picture's pixels are always the same (no augmentation).
typedef struct {
    const Clip *clip;
    float *classes;              // (K,E) unit
    int64_t n_classes;
    Kept kept;                   // logits, (pictures,K)
} Teacher;

Status teacher_init(Teacher *h, const Clip *c, const float *unit_classes, int64_t n_classes,
                    int64_t pictures);
void teacher_free(Teacher *h);
// Logits (n,K) of these pictures into host memory; index (n): which pictures, for the cache.
Status teacher_logits(Teacher *h, Tape *t, float *out, const float *pixels, const int32_t *index,
                      int64_t n);
