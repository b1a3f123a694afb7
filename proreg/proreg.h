// proreg.h - debiased fine-tuning by prompt regularisation (Zhu et al. 2023, AAAI 37(3):3834-3842).
//
// A vision-language model fine-tuned on a biased data set learns the bias. Its pretrained self,
// asked by a prompt ("a photo of a dog."), has not seen that set. ProReg keeps the answer as a soft
// target:
//
//     L = mean_i (1 - w_i) CE_i + alpha mean_i w_i KD_i
//
// with CE_i the cross-entropy to the label, KD_i that to the frozen model's prediction, and w_i
// near 1 where the frozen model already knows the answer and the student does not.
//
// What a classification is here. The image tower makes a vector f of E numbers of a picture. Each
// class k has a vector v_k of E numbers too. The logit of class k is the cosine of the two, scaled,
// and the probabilities are a softmax over the classes:
//
//     z_k = exp(logit_scale) (f / |f|) . (v_k / |v_k|)        p_k = exp(z_k) / sum_j exp(z_j)
//
// At first v_k is what the text tower makes of the prompt for class k. From then on the class
// vectors are a matrix of K x E trained numbers, `text_features`: no text tower runs in a training
// step. Two words mean two things each in this field: a class token is a row of the image tower's
// input, a class vector stands for a label; an attention head is a slice of a layer, a classifier's
// head is what comes after the tower.
//
// Read loss.c next.
#pragma once
#include "clip/clip.h"
#include "proreg/kept.h"

// ---- the loss -----------------------------------------------------------------------------------

typedef struct LossConfig LossConfig;

// How w follows from the cross-entropies of student and teacher to the label: a row of the table in
// loss.c. Another form is another row: flags, help, checks and pages follow from it.
typedef struct {
    const char *name;            // of --weight
    double (*weight)(const LossConfig *c, double ce_s, double ce_t);
    const char *formula;         // k, g, a stand for power, gamma and fixed
    const char *flag;            // that sets its parameter; NULL: it has none
    double power;                // k, where the name fixes it; 0: --power says it
} WeightForm;

extern const WeightForm weight_forms[];                  // ends with a NULL name
const WeightForm *weight_form_find(const char *name);    // NULL: none
const char *weight_form_name(int i);                     // of row i; NULL after the last

struct LossConfig {
    const WeightForm *form;      // NULL: cross-entropy alone, no teacher
    double power, gamma;         // k, gamma of the forms that have them
    double fixed;                // w of the form `fixed`
    double alpha;                // how much distillation counts
    double temp;                 // T of the distillation; never of the weight
};

// What the log and samples.jsonl say of one picture. loss: its share of L, entropy included; ce:
// CE_s; kl: T^2 KL of teacher to student, the log's `kd`; w; p_s, p_t: the label's probability at
// temperature 1. Without a teacher kl, w and p_t are 0.
typedef struct { double loss, ce, kl, w, p_s, p_t; } LossRow;

// M pictures' part of the loss of a batch of `batch` pictures, as a tensor of one element. logits
// (M,K); teacher (M,K) logits without gradient, not looked at without a form; label (M) on the
// host; rows (M) are filled. Waits once for the device.
Tensor *proreg_loss(Tape *t, const LossConfig *config, Tensor *logits, Tensor *teacher,
                    const int32_t *label, int64_t batch, LossRow *rows);

// ---- the methods --------------------------------------------------------------------------------

typedef enum {
    HEAD_PROMPT,                 // class vectors that begin as the prompts' text features
    HEAD_MLP,                    // promptless: Linear E-2E, LayerNorm, GELU, Linear 2E-K
    HEAD_LINEAR,                 // Linear E-K on the frozen features
} HeadKind;

// Defaults are written as typed behind a flag, and --help prints them.
typedef struct {
    const char *name, *help;
    HeadKind head;
    bool trains_tower;
    const char *lr;              // default of --lr
    const char *weight, *alpha;  // defaults of --weight and --alpha; NULL: there is no teacher
} Method;

extern const Method methods[];                   // ends with a NULL name
const Method *method_find(const char *name);     // NULL: none
const char *method_name(int i);                  // of row i; NULL after the last
bool method_taught(const Method *m);             // does it distill from a teacher?
const char *method_default(const Method *m, const char *flag);   // "lr", ..; NULL: it has none

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
    Kept features;               // of a frozen tower: (pictures,E)
} Student;

// Opens the image tower of `model`, declares the classifier, and starts it: from class_features
// (K,E) for HEAD_PROMPT (NULL: zeros, where a checkpoint will be loaded), else from normal(0, 0.02)
// by the seed, biases 0.
Status student_open(Student *s, const Backend *be, const char *model, const ClipOptions *options,
                    const Method *method, int64_t classes, const float *class_features,
                    uint64_t seed);
void student_free(Student *s);

// A tower that is not trained gives the same features whenever it sees the same pixels: keeps them
// from now on, for pictures numbered below `pictures`. Does nothing where the tower is trained.
Status student_keep(Student *s, int64_t pictures);

// What the classifier compares with, made once per step on a tape of its own: class vectors of
// length 1 for HEAD_PROMPT, with a gradient to add to (tape_leaf); NULL for the others.
Tensor *student_classes(Tape *t, Student *s);
Status student_classes_backward(Tape *t, Tensor *classes);   // after the step's last micro-batch

// Logits (n,K) of pixels (n,3,S,S). index (n), on the host: which pictures they are, for what is
// kept; NULL: not pictures of the training set.
Tensor *student_logits(Tape *t, Student *s, Tensor *pixels, const int32_t *index,
                       Tensor *classes);

// Checkpoints (student_file.c). classifier.safetensors: for HEAD_PROMPT `weight` (K,E) raw and
// `logit_scale`; else the cls_head's tensors. clip_save writes the rest. optimizer.safetensors:
// both moments of all that is trained, by parameter name with ".m" and ".v".
Status student_save_classifier(const char *path, const Student *s);
Status student_load_classifier(Student *s, const char *path);
// student_classifier_head: what such a file holds, before a student is opened for it.
Status student_classifier_head(HeadKind *head, int64_t *classes, const char *path);
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

// The same from a classifier.safetensors of HEAD_PROMPT, whose `weight` must be (n,E).
Status tuned_vectors(float *raw, float *unit, const char *path, int64_t n, int64_t E);
// Its logit_scale becomes the model's: a classifier from elsewhere may have another.
Status tuned_scale(Clip *c, const char *path);

// ---- the teacher --------------------------------------------------------------------------------

// The frozen pretrained model as a classifier. Its logits are kept per picture when `pictures` > 0:
// right only where a picture's pixels are the same at every visit (no augmentation). They wait on
// the host, as the tape that made them is forgotten with the micro-batch.
typedef struct {
    const Clip *clip;
    float *classes;              // (K,E) unit
    int64_t n_classes;
    Kept logits;                 // (pictures,K)
} Teacher;

Status teacher_init(Teacher *h, const Clip *c, const float *unit_classes, int64_t n_classes,
                    int64_t pictures);
void teacher_free(Teacher *h);

// Logits (n,K), without gradient, of pixels (n,3,S,S); index (n) on the host, or NULL, as above.
Tensor *teacher_logits(Tape *t, Teacher *h, Tensor *pixels, const int32_t *index);
